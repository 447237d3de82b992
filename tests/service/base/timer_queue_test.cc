#include "service/base/timer_queue.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "absl/synchronization/notification.h"
#include "tests/fakes/manual_clock.h"

namespace genledger {
namespace {

// What must happen has happened by then; nothing waits for it to pass.
constexpr absl::Duration kPatience = absl::Seconds(60);

class TimerQueueTest : public ::testing::Test {
 protected:
  void AwaitThread() {
    absl::Notification ran;
    timers_->At(absl::InfinitePast(), [&ran] { ran.Notify(); });
    ASSERT_TRUE(ran.WaitForNotificationWithTimeout(kPatience));
  }

  fakes::ManualClock clock_;
  std::unique_ptr<TimerQueue> timers_ = NewThreadTimerQueue(&clock_);
};

TEST_F(TimerQueueTest, RunsInTheOrderOfTimesThenOfCalls) {
  std::vector<int> order;
  absl::Notification started, go, last;
  // Holds the thread until all are queued.
  timers_->At(absl::InfinitePast(), [&] {
    started.Notify();
    go.WaitForNotification();
  });
  started.WaitForNotification();
  const absl::Time now = clock_.Now();
  timers_->At(now, [&] { order.push_back(3); });
  timers_->At(now - absl::Seconds(1), [&] { order.push_back(1); });
  timers_->At(now - absl::Seconds(1), [&] { order.push_back(2); });
  timers_->At(now, [&] { last.Notify(); });
  go.Notify();
  ASSERT_TRUE(last.WaitForNotificationWithTimeout(kPatience));
  timers_->Stop();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST_F(TimerQueueTest, NothingRunsBeforeItsTimeAndAStepOfTheClockIsNoticed) {
  absl::Notification ran;
  timers_->At(clock_.Now() + absl::Hours(1), [&ran] { ran.Notify(); });
  AwaitThread();
  EXPECT_FALSE(ran.HasBeenNotified());
  clock_.Advance(absl::Hours(1));
  EXPECT_TRUE(ran.WaitForNotificationWithTimeout(kPatience));
}

TEST_F(TimerQueueTest, WhatIsCancelledNeverRuns) {
  bool ran = false;
  const TimerQueue::Id id = timers_->At(clock_.Now() + absl::Hours(1), [&ran] { ran = true; });
  EXPECT_TRUE(timers_->Cancel(id));
  EXPECT_FALSE(timers_->Cancel(id));
  EXPECT_FALSE(timers_->Cancel(id + 1000));
  clock_.Advance(absl::Hours(2));
  AwaitThread();
  timers_->Stop();
  EXPECT_FALSE(ran);
}

TEST_F(TimerQueueTest, WhatHasRunCannotBeCancelled) {
  absl::Notification ran;
  const TimerQueue::Id id = timers_->At(clock_.Now(), [&ran] { ran.Notify(); });
  ASSERT_TRUE(ran.WaitForNotificationWithTimeout(kPatience));
  EXPECT_FALSE(timers_->Cancel(id));
}

TEST_F(TimerQueueTest, CallbacksMayUseTheQueue) {
  absl::Notification ran;
  timers_->At(clock_.Now(), [&] {
    const TimerQueue::Id id = timers_->At(clock_.Now() + absl::Hours(1), [] {});
    timers_->Cancel(id);
    timers_->At(clock_.Now(), [&ran] { ran.Notify(); });
  });
  EXPECT_TRUE(ran.WaitForNotificationWithTimeout(kPatience));
}

TEST_F(TimerQueueTest, StopRunsNothingMoreAndLetsGoOfWhatWaits) {
  bool ran = false;
  auto owned = std::make_shared<int>(1);
  timers_->At(clock_.Now() + absl::Hours(1), [&ran, owned] { ran = true; });
  timers_->Stop();
  // What the callbacks own may be about to end.
  EXPECT_EQ(owned.use_count(), 1);
  timers_->At(absl::InfinitePast(), [&ran, owned] { ran = true; });
  EXPECT_EQ(owned.use_count(), 1);
  timers_->Stop();
  EXPECT_FALSE(ran);
}

TEST_F(TimerQueueTest, StopWaitsForTheCallbackThatRuns) {
  absl::Notification began, go;
  bool finished = false;
  timers_->At(clock_.Now(), [&] {
    began.Notify();
    go.WaitForNotification();
    finished = true;
  });
  ASSERT_TRUE(began.WaitForNotificationWithTimeout(kPatience));
  go.Notify();
  timers_->Stop();
  EXPECT_TRUE(finished);
}

TEST_F(TimerQueueTest, ADroppedCallbackMayUseTheQueueAsItEnds) {
  struct UsesQueue {
    TimerQueue* timers;
    ~UsesQueue() {
      timers->At(absl::InfinitePast(), [] {});
    }
  };
  auto user = std::make_shared<UsesQueue>(UsesQueue{timers_.get()});
  timers_->At(clock_.Now() + absl::Hours(1), [user] {});
  user.reset();
  timers_->Stop();
}

}  // namespace
}  // namespace genledger
