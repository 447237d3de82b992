#include "tests/bench/latency_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>

namespace genledger::bench {
namespace {

// Each power of two is cut into so many buckets of equal width.
constexpr int kSubBucketBits = 7;
constexpr uint64_t kSubBuckets = uint64_t{1} << kSubBucketBits;
constexpr size_t kBuckets = (64 - kSubBucketBits) * kSubBuckets;

int ShiftOf(uint64_t value) {
  return std::max(0, static_cast<int>(std::bit_width(value)) - 1 - kSubBucketBits);
}

size_t BucketOf(uint64_t value) {
  const int shift = ShiftOf(value);
  return static_cast<size_t>(shift) * kSubBuckets + (value >> shift);
}

// The greatest value that falls into the bucket.
uint64_t UpperEdge(size_t bucket) {
  if (bucket < 2 * kSubBuckets) {
    return bucket;
  }
  const int shift = static_cast<int>(bucket / kSubBuckets) - 1;
  const uint64_t mantissa = bucket - static_cast<size_t>(shift) * kSubBuckets;
  return ((mantissa + 1) << shift) - 1;
}

}  // namespace

LatencyHistogram::LatencyHistogram() : buckets_(kBuckets) {}

void LatencyHistogram::Record(absl::Duration latency) {
  const int64_t nanoseconds = std::max<int64_t>(0, absl::ToInt64Nanoseconds(latency));
  ++buckets_[BucketOf(static_cast<uint64_t>(nanoseconds))];
  ++count_;
  max_ns_ = std::max(max_ns_, nanoseconds);
  sum_ns_ += static_cast<double>(nanoseconds);
}

void LatencyHistogram::Merge(const LatencyHistogram& other) {
  for (size_t i = 0; i < buckets_.size(); ++i) {
    buckets_[i] += other.buckets_[i];
  }
  count_ += other.count_;
  max_ns_ = std::max(max_ns_, other.max_ns_);
  sum_ns_ += other.sum_ns_;
}

absl::Duration LatencyHistogram::Mean() const {
  return count_ == 0 ? absl::ZeroDuration()
                     : absl::Nanoseconds(sum_ns_ / static_cast<double>(count_));
}

absl::Duration LatencyHistogram::Percentile(double share) const {
  const auto wanted =
      std::max<int64_t>(1, static_cast<int64_t>(std::ceil(share * static_cast<double>(count_))));
  int64_t seen = 0;
  for (size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen >= wanted) {
      return absl::Nanoseconds(std::min(static_cast<int64_t>(UpperEdge(i)), max_ns_));
    }
  }
  return Max();
}

}  // namespace genledger::bench
