// Texts that many rows repeat (accounts, hosts, replicas, actors, kinds of events), kept once and
// referred to by a small number.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "SQLiteCpp/Database.h"
#include "SQLiteCpp/Statement.h"
#include "absl/container/flat_hash_map.h"

namespace genledger::sqlite {

// Names are never changed or deleted, so what was once read stays true; only the writer, whose
// inserts may be rolled back, must forget. Throws SQLite::Exception: callers stand inside Guard().
// One connection's own; used by one thread at a time. The empty text is number 0 and has no row.
class Names {
 public:
  explicit Names(SQLite::Database& database);

  // The number of a text; nullopt if no row refers to it.
  std::optional<int64_t> Find(const std::string& text);
  // The number of a text, which is inserted if it is new. Writer only.
  int64_t Intern(const std::string& text);
  // The text of a number; nullopt if there is none (a damaged file).
  std::optional<std::string> Text(int64_t number);

  // Call after a rollback.
  void Forget();

 private:
  void Remember(int64_t number, const std::string& text);

  SQLite::Database& database_;
  SQLite::Statement select_number_;
  SQLite::Statement select_text_;
  SQLite::Statement insert_;
  absl::flat_hash_map<std::string, int64_t> numbers_;
  absl::flat_hash_map<int64_t, std::string> texts_;
};

}  // namespace genledger::sqlite
