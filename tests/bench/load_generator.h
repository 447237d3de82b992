// Keeps calls in flight, and measures them.
#pragma once

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/bench/latency_histogram.h"
#include "tests/bench/workloads/operation.h"

namespace genledger::bench {

// What the calls that ended between the two moments came to.
struct LoadResult {
  int64_t calls = 0;
  absl::Duration measured;  // from the one moment to the other
  LatencyHistogram latency;

  double calls_per_second() const {
    return static_cast<double>(calls) / absl::ToDoubleSeconds(measured);
  }
};

// How long: calls are made for `warm_up`, then measured for `duration`.
struct LoadTimes {
  absl::Duration warm_up;
  absl::Duration duration;
};

// Run on the caller's thread at the two moments; a failure ends the load.
struct LoadObserver {
  std::function<absl::Status()> begin = [] { return absl::OkStatus(); };
  std::function<absl::Status()> end = [] { return absl::OkStatus(); };
};

// All of these block until every call has ended, and measure one at least, however long that takes.
// INTERNAL if a single call failed (how many, and why the first did); CANCELLED after a signal.

// Closed loop: `concurrency` calls in flight, the next one sent when one ends, latencies from when
// they were sent.
absl::StatusOr<LoadResult> RunClosedLoop(Operation& operation, int concurrency,
                                         const LoadTimes& times, const LoadObserver& observer = {});

// Open loop: sent on schedule (send_schedule.h), latencies from when they were meant to be sent.
// With `in_flight_max` calls in flight the next one waits, on its own account.
absl::StatusOr<LoadResult> RunOpenLoop(Operation& operation, double calls_per_second,
                                       int in_flight_max, const LoadTimes& times,
                                       const LoadObserver& observer = {});

// Exactly `calls` calls, of indexes 0 to calls - 1, in a closed loop; all of them are measured.
absl::StatusOr<LoadResult> RunCalls(Operation& operation, int concurrency, int64_t calls);

}  // namespace genledger::bench
