#include "tests/bench/latency_histogram.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <vector>

#include "gtest/gtest.h"
#include "service/base/random_source.h"

namespace genledger::bench {
namespace {

TEST(LatencyHistogram, TellsNothingOfNothing) {
  const LatencyHistogram empty;
  EXPECT_EQ(empty.count(), 0);
  EXPECT_EQ(empty.Percentile(0.5), absl::ZeroDuration());
  EXPECT_EQ(empty.Mean(), absl::ZeroDuration());
  EXPECT_EQ(empty.Max(), absl::ZeroDuration());
}

TEST(LatencyHistogram, SmallLatenciesAreExact) {
  LatencyHistogram histogram;
  for (int i = 1; i <= 200; ++i) {
    histogram.Record(absl::Nanoseconds(i));
  }
  EXPECT_EQ(histogram.Percentile(0), absl::Nanoseconds(1));
  EXPECT_EQ(histogram.Percentile(0.5), absl::Nanoseconds(100));
  EXPECT_EQ(histogram.Percentile(0.99), absl::Nanoseconds(198));
  EXPECT_EQ(histogram.Percentile(1), absl::Nanoseconds(200));
}

TEST(LatencyHistogram, PercentilesAreNeverTooLowAndAtMostOneOf128TooHigh) {
  constexpr uint64_t kSeed = 20261122;
  std::printf("seed %llu\n", static_cast<unsigned long long>(kSeed));
  const std::unique_ptr<RandomSource> random = NewSeededRandomSource(kSeed);
  LatencyHistogram histogram;
  std::vector<int64_t> all;
  for (int i = 0; i < 20'000; ++i) {
    // From nanoseconds to hours, evenly over the powers of two.
    const int64_t nanoseconds = static_cast<int64_t>(random->Next64() >> (20 + i % 44));
    all.push_back(nanoseconds);
    histogram.Record(absl::Nanoseconds(nanoseconds));
  }
  std::sort(all.begin(), all.end());
  for (const double share : {0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 0.9999, 1.0}) {
    const auto rank = static_cast<size_t>(share * static_cast<double>(all.size()));
    const int64_t exact = all[std::max<size_t>(rank, 1) - 1];
    const int64_t told = absl::ToInt64Nanoseconds(histogram.Percentile(share));
    EXPECT_GE(told, exact) << share;
    EXPECT_LE(told, exact + exact / 128) << share;
  }
  EXPECT_EQ(histogram.Max(), absl::Nanoseconds(all.back()));
}

TEST(LatencyHistogram, TheLongestLatencyHasAPlace) {
  LatencyHistogram histogram;
  histogram.Record(absl::InfiniteDuration());
  histogram.Record(absl::Nanoseconds(-1));
  EXPECT_EQ(histogram.Percentile(0.5), absl::ZeroDuration());
  EXPECT_GT(histogram.Percentile(1), absl::Hours(24 * 365));
}

TEST(LatencyHistogram, MergedIsAsIfRecordedInOne) {
  LatencyHistogram one;
  LatencyHistogram other;
  one.Record(absl::Microseconds(1));
  one.Record(absl::Microseconds(2));
  other.Record(absl::Milliseconds(3));
  one.Merge(other);
  EXPECT_EQ(one.count(), 3);
  EXPECT_EQ(one.Max(), absl::Milliseconds(3));
  EXPECT_EQ(one.Percentile(1), absl::Milliseconds(3));
  EXPECT_EQ(one.Mean(), absl::Microseconds(1001));
}

}  // namespace
}  // namespace genledger::bench
