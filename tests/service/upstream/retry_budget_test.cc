#include "service/upstream/retry_budget.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "tests/fakes/manual_clock.h"

namespace genledger {
namespace {

const AttemptResult kServerError = {
    .outcome = AttemptClass::kRefusedTransient, .http_status = 503, .spends_retry_budget = true};
const absl::Time kNever = absl::InfiniteFuture();

class RetryBudgetTest : public testing::Test {
 protected:
  absl::Time Take(absl::Time latest = kNever) {
    return budget_.Take(kServerError, latest, clock_.Now());
  }
  void Empty() {
    for (int i = 0; i < 100; ++i) {
      ASSERT_EQ(Take(), clock_.Now()) << i;
    }
  }
  double left() { return budget_.left(clock_.Now()); }

  fakes::ManualClock clock_;
  RetryBudget budget_{{}, clock_.Now()};
};

TEST_F(RetryBudgetTest, IsFullAtTheStartAndLastsForAHundredRetries) {
  EXPECT_EQ(left(), 100);
  Empty();
  EXPECT_EQ(left(), 0);
  EXPECT_EQ(Take(), clock_.Now() + absl::Seconds(1));
}

TEST_F(RetryBudgetTest, AFirstAttemptAddsAFifth) {
  Empty();
  for (int i = 0; i < 5; ++i) {
    EXPECT_GT(budget_.Take(kServerError, absl::InfinitePast(), clock_.Now()), clock_.Now()) << i;
    budget_.OnFirstAttempt(clock_.Now());
  }
  EXPECT_NEAR(left(), 1, 1e-9);
  EXPECT_EQ(Take(), clock_.Now());
}

TEST_F(RetryBudgetTest, OneComesEverySecondUpToAHundred) {
  Empty();
  clock_.Advance(absl::Milliseconds(250));
  EXPECT_EQ(Take(absl::InfinitePast()), clock_.Now() + absl::Milliseconds(750));
  clock_.Advance(absl::Milliseconds(750));
  EXPECT_EQ(left(), 1);
  EXPECT_EQ(Take(), clock_.Now());
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(left(), 100);
  budget_.OnFirstAttempt(clock_.Now());
  EXPECT_EQ(left(), 100);
}

TEST_F(RetryBudgetTest, WaitingRetriesAreSpacedOut) {
  Empty();
  for (int i = 1; i <= 10; ++i) {
    EXPECT_EQ(Take(), clock_.Now() + absl::Seconds(i));
  }
  EXPECT_EQ(left(), -10);
  clock_.Advance(absl::Seconds(10));
  EXPECT_EQ(left(), 0);
}

TEST_F(RetryBudgetTest, ARetryThatWillNeverHappenTakesNoToken) {
  Empty();
  const absl::Time soon = clock_.Now() + absl::Milliseconds(999);
  EXPECT_EQ(Take(soon), clock_.Now() + absl::Seconds(1));
  EXPECT_EQ(left(), 0);
  EXPECT_EQ(Take(clock_.Now() + absl::Seconds(1)), clock_.Now() + absl::Seconds(1));
  EXPECT_EQ(left(), -1);
}

TEST_F(RetryBudgetTest, OnlyResultsThatSpendTakeOne) {
  const AttemptResult limited = {.outcome = AttemptClass::kRefusedTransient, .http_status = 429};
  const AttemptResult not_sent = {.outcome = AttemptClass::kNotSent};
  EXPECT_EQ(budget_.Take(limited, kNever, clock_.Now()), clock_.Now());
  EXPECT_EQ(budget_.Take(not_sent, kNever, clock_.Now()), clock_.Now());
  EXPECT_EQ(left(), 100);
  Empty();
  EXPECT_EQ(budget_.Take(limited, kNever, clock_.Now()), clock_.Now());
}

TEST_F(RetryBudgetTest, AClockThatStepsBackGivesAndTakesNothing) {
  Empty();
  clock_.Advance(-absl::Hours(1));
  EXPECT_EQ(left(), 0);
  EXPECT_EQ(Take(), clock_.Now() + absl::Seconds(1));
  clock_.Advance(absl::Seconds(3));
  EXPECT_EQ(left(), 2);
}

TEST_F(RetryBudgetTest, ThreadsShareOneBudget) {
  std::atomic<int> at_once = 0;
  std::vector<std::thread> threads;
  threads.reserve(16);
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([this, &at_once] {
      for (int k = 0; k < 20; ++k) {
        at_once += Take() == clock_.Now() ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(at_once, 100);
  EXPECT_EQ(left(), 100 - 16 * 20);
}

}  // namespace
}  // namespace genledger
