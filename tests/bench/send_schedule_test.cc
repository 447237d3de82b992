#include "tests/bench/send_schedule.h"

#include "gtest/gtest.h"

namespace genledger::bench {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::nanoseconds;

const SendSchedule::Time kStart{hours(1)};

TEST(SendSchedule, TheFirstCallIsDueAtTheStart) {
  EXPECT_EQ(SendSchedule(kStart, 1000).IntendedTime(0), kStart);
}

TEST(SendSchedule, CallsAreEvenlyApart) {
  const SendSchedule schedule(kStart, 4000);
  EXPECT_EQ(schedule.IntendedTime(1) - kStart, microseconds(250));
  EXPECT_EQ(schedule.IntendedTime(7) - kStart, microseconds(1750));
}

TEST(SendSchedule, RoundingDoesNotAddUp) {
  // A third of a second is no whole number of nanoseconds.
  const SendSchedule schedule(kStart, 3);
  EXPECT_LE(std::chrono::abs(schedule.IntendedTime(int64_t{3} * 3600 * 24) - kStart - hours(24)),
            nanoseconds(100));
}

}  // namespace
}  // namespace genledger::bench
