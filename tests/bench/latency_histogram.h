// Latencies as counts in log-linear buckets, so that millions of them give exact tails in a few
// kilobytes.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/time/time.h"

namespace genledger::bench {

// Nanoseconds. Values below 256 ns are exact; above, a percentile is at most 1/128 (0.8 %) too
// high and never too low. The maximum is exact. Not thread safe.
class LatencyHistogram {
 public:
  LatencyHistogram();

  // A negative duration counts as zero.
  void Record(absl::Duration latency);
  void Merge(const LatencyHistogram& other);

  // The least recorded latency that at least `share` (0 to 1) of all do not exceed; zero if nothing
  // was recorded.
  absl::Duration Percentile(double share) const;
  // Exact; zero if nothing was recorded.
  absl::Duration Mean() const;
  absl::Duration Max() const { return absl::Nanoseconds(max_ns_); }
  int64_t count() const { return count_; }

 private:
  std::vector<int64_t> buckets_;
  int64_t count_ = 0;
  int64_t max_ns_ = 0;
  double sum_ns_ = 0;
};

}  // namespace genledger::bench
