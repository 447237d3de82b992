// The bare cost of a new submission's rows: SQLite, one thread, grouped and synced commits.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/bench/limits/limit_result.h"
#include "tests/bench/rows/row_template.h"

namespace genledger::bench {

struct CommitLimitOptions {
  std::string path;  // of a new database
  std::vector<std::string> schema;
  RowTemplate rows;
  // Writes in one commit, as the store makes its groups; a submission is two writes.
  int writes_per_commit = 1;
  absl::Duration duration;
};

// Writes submissions as the server's store does, in two commits each, with the same pragmas, but
// with nothing around it: no look-up, no savepoint, no queue, no other thread. A call is a
// submission; its latency is that of its two commits. The log is checkpointed by the same thread.
// At least one is measured. CANCELLED after a signal, INTERNAL if SQLite fails.
absl::StatusOr<LimitResult> MeasureCommitLimit(const CommitLimitOptions& options);

}  // namespace genledger::bench
