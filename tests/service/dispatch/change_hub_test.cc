#include "service/dispatch/change_hub.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/fakes/manual_clock.h"
#include "tests/fakes/manual_timer_queue.h"

namespace genledger {
namespace {

Submission At(int64_t revision, std::string id = "sub_a") {
  Submission s;
  s.id = SubmissionId(std::move(id));
  s.revision = revision;
  return s;
}

class ChangeHubTest : public ::testing::Test {
 protected:
  // Waits for a revision of at least `wanted`; answers are noted in order.
  ChangeHub::WaiterId Wait(int64_t seen, int64_t wanted,
                           absl::Time deadline = absl::InfiniteFuture(), std::string id = "sub_a") {
    return hub_.Wait(
        At(seen, std::move(id)), deadline,
        [wanted](const Submission& s) { return s.revision >= wanted; },
        [this](Submission s) { told_.push_back(s.revision); });
  }

  std::vector<int64_t> told_;
  fakes::ManualClock clock_;
  fakes::ManualTimerQueue timers_{&clock_};
  ChangeHub hub_{&timers_};
};

TEST_F(ChangeHubTest, TellsEverybodyWhoWaitsForTheSubmission) {
  Wait(1, 2);
  Wait(1, 2);
  Wait(1, 2, absl::InfiniteFuture(), "sub_b");
  hub_.Publish(At(2));
  EXPECT_EQ(told_, (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(hub_.waiter_count(), 1U);
}

TEST_F(ChangeHubTest, AWaiterStaysUntilItsPredicateHolds) {
  Wait(1, 4);
  hub_.Publish(At(2));
  hub_.Publish(At(3));
  EXPECT_TRUE(told_.empty());
  hub_.Publish(At(4));
  EXPECT_EQ(told_, (std::vector<int64_t>{4}));
  EXPECT_EQ(timers_.waiting(), 0U);
}

TEST_F(ChangeHubTest, AtItsDeadlineItIsToldWhatItSawLast) {
  Wait(1, 9, clock_.Now() + absl::Seconds(5));
  hub_.Publish(At(3));
  timers_.AdvanceBy(absl::Seconds(5) - absl::Microseconds(1));
  EXPECT_TRUE(told_.empty());
  timers_.AdvanceBy(absl::Microseconds(1));
  EXPECT_EQ(told_, (std::vector<int64_t>{3}));
  EXPECT_EQ(hub_.waiter_count(), 0U);
}

TEST_F(ChangeHubTest, OlderRevisionsThanSeenAreIgnored) {
  Wait(5, 3, clock_.Now() + absl::Seconds(1));
  hub_.Publish(At(4));
  hub_.Publish(At(5));
  EXPECT_TRUE(told_.empty());
  hub_.Publish(At(6));
  EXPECT_EQ(told_, (std::vector<int64_t>{6}));
}

TEST_F(ChangeHubTest, RevisionsOutOfOrderNeverGoBack) {
  Wait(1, 100, clock_.Now() + absl::Seconds(1));
  hub_.Publish(At(7));
  hub_.Publish(At(6));
  timers_.AdvanceBy(absl::Seconds(1));
  EXPECT_EQ(told_, (std::vector<int64_t>{7}));
}

TEST_F(ChangeHubTest, ReleaseAnswersOnce) {
  const ChangeHub::WaiterId id = Wait(1, 9);
  EXPECT_NE(id, 0U);
  hub_.Release(id);
  hub_.Release(id);
  hub_.Publish(At(9));
  EXPECT_EQ(told_, (std::vector<int64_t>{1}));
  EXPECT_EQ(timers_.waiting(), 0U);
}

TEST_F(ChangeHubTest, DrainAnswersEverybodyNowAndLater) {
  Wait(1, 9);
  Wait(2, 9, absl::InfiniteFuture(), "sub_b");
  hub_.Drain();
  EXPECT_EQ(told_.size(), 2U);
  Wait(3, 9);
  EXPECT_EQ(told_.size(), 3U);
  EXPECT_EQ(told_.back(), 3);
  EXPECT_EQ(hub_.waiter_count(), 0U);
  EXPECT_EQ(timers_.waiting(), 0U);
}

TEST_F(ChangeHubTest, AnAnswerMayWaitAgain) {
  hub_.Wait(
      At(1), absl::InfiniteFuture(), [](const Submission&) { return true; },
      [this](Submission s) { Wait(s.revision, s.revision + 1); });
  hub_.Publish(At(2));
  EXPECT_EQ(hub_.waiter_count(), 1U);
  hub_.Publish(At(3));
  EXPECT_EQ(told_, (std::vector<int64_t>{3}));
}

TEST(ChangeHub, ItsEndAnswersThoseWhoAreLeft) {
  fakes::ManualClock clock;
  fakes::ManualTimerQueue timers(&clock);
  int told = 0;
  {
    ChangeHub hub(&timers);
    hub.Wait(
        At(1), absl::InfiniteFuture(), [](const Submission&) { return true; },
        [&told](Submission) { ++told; });
  }
  EXPECT_EQ(told, 1);
  EXPECT_EQ(timers.waiting(), 0U);
}

// Waiters register, are released and time out while records are published and the hub drains: each
// is answered exactly once. For TSan as much as for the counts.
TEST(ChangeHub, EveryWaiterIsAnsweredOnceWhateverRaces) {
  constexpr int kThreads = 4;
  constexpr int kWaits = 2000;
  SystemClock clock;
  const std::unique_ptr<TimerQueue> timers = NewThreadTimerQueue(&clock);
  std::atomic<int> answers{0};
  std::atomic<bool> stop{false};
  ChangeHub hub(timers.get());
  std::vector<std::thread> waiters;
  for (int t = 0; t < kThreads; ++t) {
    waiters.emplace_back([&, t] {
      for (int i = 0; i < kWaits; ++i) {
        const absl::Time deadline = i % 5 == 0 ? absl::InfinitePast() : absl::InfiniteFuture();
        const ChangeHub::WaiterId id = hub.Wait(
            At(1, i % 2 == 0 ? "sub_a" : "sub_b"), deadline,
            [](const Submission& s) { return s.revision % 2 == 0; },
            [&answers](Submission) { ++answers; });
        if (i % 3 == t % 3) {
          hub.Release(id);
        }
      }
    });
  }
  std::thread publisher([&] {
    for (int64_t revision = 2; !stop; ++revision) {
      hub.Publish(At(revision, "sub_a"));
      hub.Publish(At(revision, "sub_b"));
    }
  });
  for (std::thread& waiter : waiters) {
    waiter.join();
  }
  stop = true;
  publisher.join();
  hub.Drain();
  timers->Stop();
  EXPECT_EQ(answers, kThreads * kWaits);
}

}  // namespace
}  // namespace genledger
