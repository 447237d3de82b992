// How often a process has waited for its disk, as counted by a library that is loaded into it
// (sync_counter.cc) and read by the benchmark.
#pragma once

#include <atomic>
#include <cstdint>

namespace genledger::bench {

// The variable that names the file the counts are in; it is mapped by both sides.
inline constexpr char kSyncCountsVariable[] = "GENLEDGER_BENCH_SYNC_COUNTS";

// Of fsync and fdatasync calls. All zeroes is the empty count.
struct SyncCounts {
  std::atomic<int64_t> log_syncs;  // of SQLite's write-ahead log: one a commit
  std::atomic<int64_t> log_sync_nanoseconds;
  std::atomic<int64_t> other_syncs;  // of anything else: checkpoints, receipts
};

static_assert(std::atomic<int64_t>::is_always_lock_free, "shared between processes");

}  // namespace genledger::bench
