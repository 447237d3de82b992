// What the programs under test use while a load runs.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/bench/load_generator.h"
#include "tests/bench/sync_counts.h"

namespace genledger::bench {

struct MeterTargets {
  std::vector<pid_t> servers;
  // The first process of a PostgreSQL, whose children count with it (what a child used that ended
  // meanwhile is lost: connections are kept, so few do). 0: none.
  pid_t database = 0;
  const SyncCounts* syncs = nullptr;  // of the server, where they are counted
};

// From one moment to another.
struct Usage {
  absl::Duration server_cpu;
  std::optional<absl::Duration> database_cpu;
  int64_t log_syncs = 0;
  absl::Duration log_sync_time;
};

// Not thread safe.
class Meter {
 public:
  explicit Meter(MeterTargets targets) : targets_(std::move(targets)) {}

  // Measures from the one moment to the other. This object must outlive the load.
  LoadObserver Observer();
  const Usage& usage() const { return usage_; }

 private:
  using CpuByPid = std::map<pid_t, absl::Duration>;
  struct Reading {
    CpuByPid servers;
    CpuByPid database;
    int64_t log_syncs = 0;
    absl::Duration log_sync_time;
  };

  absl::StatusOr<Reading> Read() const;
  absl::Status Begin();
  absl::Status End();

  const MeterTargets targets_;
  Reading before_;
  Usage usage_;
};

}  // namespace genledger::bench
