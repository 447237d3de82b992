// Which tenants have work that is due: the writer's memory of when each one's earliest is.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include "SQLiteCpp/Database.h"
#include "SQLiteCpp/Statement.h"
#include "absl/container/node_hash_map.h"
#include "service/domain/submission.h"
#include "storage/sqlite/names.h"
#include "storage/sqlite/state_counts.h"

namespace genledger::sqlite {

// Thousands of tenants with work waiting must not cost a look-up each at every claim. So for each
// tenant a time is remembered before which certainly none of its work is due; it is made exact, by
// one look-up, only when a claim comes to it. Work that is due: PENDING, and OUTCOME_UNKNOWN whose
// policy is to act. Writer only, used by one thread. Throws SQLite::Exception: callers stand inside
// Guard().
class DueTenants {
 public:
  // Microseconds since 1970, as in the rows.
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

  // Both must outlive it.
  DueTenants(SQLite::Database& database, Names* names, const StateCounts* counts);

  // Call before each group of commands, and before each command.
  void StartGroup() { steps_.clear(); }
  void StartCommand() { command_begin_ = steps_.size(); }
  // Takes back what the command that was started last has noted, or its whole group.
  void RollBackCommand() { RollBackTo(command_begin_); }
  void RollBackGroup() { RollBackTo(0); }

  // Call after each write of a record.
  void NoteWritten(const Submission& after);
  // Call when one of the tenant's submissions has become DISPATCHING.
  void NoteClaimed(const Scope& scope);

  struct Load {
    Scope scope;
    int64_t in_flight = 0;
  };
  // Tenants of the account with work due by `now`: the fewest attempts in flight first; of equals
  // the one whose last claim is longest ago, since the store was opened; then the earliest due.
  std::vector<Load> FewestInFlight(const std::string& upstream_account, int64_t now, int32_t limit);
  // When the account's earliest work is due; kNever if nothing waits.
  int64_t Earliest(const std::string& upstream_account);

 private:
  struct Tenant {
    Scope scope;
    int64_t earliest = kNever;  // or later
    int64_t last_claim = 0;     // of all claims, which one; 0: none yet
  };
  using Tenants = absl::node_hash_map<std::string, Tenant>;
  // A tenant's place in a walk: less is sooner.
  struct Place {
    int64_t in_flight = 0;
    int64_t last_claim = 0;
    int64_t earliest = 0;
    Tenant* tenant = nullptr;

    friend bool operator>(const Place& a, const Place& b) {
      return std::tie(a.in_flight, a.last_claim, a.earliest, a.tenant->scope.tenant) >
             std::tie(b.in_flight, b.last_claim, b.earliest, b.tenant->scope.tenant);
    }
  };
  struct Step {
    Tenant* tenant;
    int64_t earliest;  // as it was
  };

  Tenant& TenantOf(const Scope& scope);
  void SetEarliest(Tenant& tenant, int64_t earliest);
  void RollBackTo(size_t step);
  int64_t LookUp(const Scope& scope);
  // The first `limit` places whose earliest work is due by `until`, made exact on the way.
  std::vector<Place> Walk(std::vector<Place> places, int64_t until, size_t limit);

  Names* const names_;
  const StateCounts* const counts_;
  SQLite::Statement earliest_pending_;
  SQLite::Statement earliest_unknown_;
  absl::node_hash_map<std::string, Tenants> accounts_;
  int64_t claims_ = 0;
  std::vector<Step> steps_;  // of the group
  size_t command_begin_ = 0;
};

}  // namespace genledger::sqlite
