// One connection to the database file, set up the one way that this store uses.
#pragma once

#include <memory>
#include <string>

#include "SQLiteCpp/Database.h"
#include "absl/status/statusor.h"

namespace genledger::sqlite {

enum class ConnectionRole { kWriter, kReader };

struct ConnectionOptions {
  std::string path;  // resolved; the file exists
  ConnectionRole role = ConnectionRole::kReader;
  int cache_kib = 8 * 1024;
};

// The file's journal must be in WAL mode already for readers; a writer switches it there. A
// connection is used by one thread at a time. UNAVAILABLE; FAILED_PRECONDITION if the file system
// does not support WAL.
absl::StatusOr<std::unique_ptr<SQLite::Database>> OpenConnection(const ConnectionOptions& options);

}  // namespace genledger::sqlite
