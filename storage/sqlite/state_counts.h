// How many submissions each tenant has in each state: table state_counts, and the writer's memory
// of it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "SQLiteCpp/Database.h"
#include "SQLiteCpp/Statement.h"
#include "absl/container/node_hash_map.h"
#include "absl/functional/function_ref.h"
#include "service/domain/submission.h"
#include "storage/sqlite/names.h"

namespace genledger::sqlite {

// Exact at every moment of the writer's transaction. The changes of a whole group of writes reach
// the table together, just before its commit: a row for each counter that moved. Writer only, used
// by one thread. Throws SQLite::Exception: callers stand inside Guard().
class StateCounts {
 public:
  // Reads the table. `names` must outlive it.
  StateCounts(SQLite::Database& database, Names* names);

  // Call before each group of commands, and before each command.
  void StartGroup() { steps_.clear(); }
  void StartCommand() { command_begin_ = steps_.size(); }
  // Takes back what the command that was started last has changed, or its whole group.
  void RollBackCommand() { RollBackTo(command_begin_); }
  void RollBackGroup() { RollBackTo(0); }

  void Add(const Scope& scope, SubmissionState state, int64_t change);

  int64_t OfAccount(const std::string& upstream_account, SubmissionState state) const;
  int64_t OfTenant(const Scope& scope, SubmissionState state) const;
  // Every tenant that ever had a submission.
  void ForEachTenant(absl::FunctionRef<void(const Scope&)> body) const;

  // Writes what has changed since the last time.
  void Write();

 private:
  // By state; the first is never used.
  using ByState = std::array<int64_t, 8>;
  struct Tenant {
    Scope scope;
    ByState counts{};
    ByState unwritten{};
    bool is_dirty = false;  // in dirty_
  };
  struct Account {
    ByState counts{};
    absl::node_hash_map<std::string, Tenant> tenants;
  };
  struct Step {
    Account* account;
    Tenant* tenant;
    SubmissionState state;
    int64_t change;
  };

  void Load(SQLite::Database& database);
  Account& AccountOf(const std::string& upstream_account) { return accounts_[upstream_account]; }
  static Tenant& TenantOf(Account& account, const Scope& scope);
  void Apply(const Step& step);
  void RollBackTo(size_t step);

  Names* const names_;
  SQLite::Statement put_;
  absl::node_hash_map<std::string, Account> accounts_;
  std::vector<Tenant*> dirty_;
  std::vector<Step> steps_;  // of the group
  size_t command_begin_ = 0;
};

}  // namespace genledger::sqlite
