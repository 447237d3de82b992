// The rows that a group of writes has looked up, as its commands have left them, and what is still
// to be written of them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "service/base/ids.h"
#include "service/domain/submission.h"
#include "service/domain/transitions.h"
#include "storage/postgres/connection.h"
#include "storage/postgres/journaled_map.h"
#include "storage/postgres/look_ups.h"
#include "storage/postgres/removals.h"

namespace genledger::postgres {

// A submission, and what is still to be written of it.
struct CachedRecord {
  Submission current;
  // The revision that the database has; 0: it has no such row.
  int64_t stored_revision = 0;
  std::optional<std::map<int32_t, Attempt>> attempts;  // nullopt: not looked up
  std::optional<std::vector<SubmissionEvent>> events;  // nullopt: not looked up
  std::set<int32_t> changed_attempts;
  std::vector<SubmissionEvent> new_events;
  bool changed = false;
};

// What a key names. `stored` is what the database has.
struct CachedName {
  struct Target {
    SubmissionId id;  // empty: the record is purged
    bool detached = false;
    friend bool operator==(const Target&, const Target&) = default;
  };
  std::optional<Target> stored;
  std::optional<Target> current;
};
struct CachedHash {
  std::optional<SubmissionId> stored;
  std::optional<SubmissionId> current;
};

// One event of a group, by which it is recognised: where it is found, all of the group is.
struct Witness {
  std::string tenant;
  SubmissionId id;
  SubmissionEvent event;
};

// A key that was looked up and is absent is in the maps; one that is not in them is unknown. Not
// thread safe.
struct GroupState {
  // tenant, account, state.
  using CountKey = std::tuple<std::string, std::string, int64_t>;

  JournaledMap<SubmissionId, CachedRecord> records;
  JournaledMap<NameKey, CachedName> names;
  JournaledMap<HashKey, CachedHash> holds;
  JournaledMap<HashKey, CachedHash> abandoned;
  JournaledMap<CountKey, int64_t> counts;  // to be added
  // Of a command that is alone in its group: nothing takes them back but the end of the group.
  std::vector<Removal> removals;

  void StartCommand();
  void RollBackCommand();

  // Whether there is anything to write.
  bool dirty();
  std::optional<Witness> witness();
  // What has changed.
  std::vector<SubmissionId> Changed();
  // The statements that write it. `slot`: of state_counts.
  std::vector<Statement> Writes(int64_t slot);
  // They were written.
  void NoteWritten();
};

}  // namespace genledger::postgres
