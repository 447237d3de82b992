// That what is measured does not depend on the wall clock.
#include "service/base/clock.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "service/base/steady_time.h"
#include "service/base/timer_queue.h"
#include "tests/fakes/wall_clock_step.h"

namespace genledger {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(60);

TEST(SteadyClock, StartsAsTheWallClockAndDoesNotFollowIt) {
  SteadyClock clock;
  const absl::Time started = absl::Now();
  EXPECT_LT(absl::AbsDuration(clock.Now() - started), absl::Minutes(1));
  for (const absl::Duration step : {absl::Hours(1), -absl::Hours(1)}) {
    const fakes::WallClockStep stepped(step);
    ASSERT_GT(absl::AbsDuration(absl::Now() - started), absl::Minutes(30));
    EXPECT_LT(absl::AbsDuration(clock.Now() - started), absl::Minutes(10));
  }
}

TEST(SteadyClock, TimersAreMeasuredWhicheverWayTheWallClockIsSet) {
  for (const absl::Duration step : {absl::Hours(1), -absl::Hours(1)}) {
    SCOPED_TRACE(absl::FormatDuration(step));
    SteadyClock clock;
    std::atomic<bool> ran{false};
    const std::unique_ptr<TimerQueue> timers = NewThreadTimerQueue(&clock);
    std::atomic<bool> ran_earlier{false};
    timers->At(clock.Now() + absl::Milliseconds(50), [&] { ran_earlier = true; });
    const fakes::WallClockStep stepped(step);
    const absl::Time armed = SteadyNow();
    timers->At(clock.Now() + absl::Milliseconds(50), [&ran] { ran = true; });
    while (!ran || !ran_earlier) {
      ASSERT_LT(SteadyNow() - armed, kPatience);
      absl::SleepFor(absl::Milliseconds(1));
    }
    EXPECT_GE(SteadyNow() - armed, absl::Milliseconds(50));
  }
}

}  // namespace
}  // namespace genledger
