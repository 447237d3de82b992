#include "service/upstream/concurrency_limiter.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "service/upstream/local_refusal.h"
#include "tests/fakes/manual_clock.h"

namespace genledger {
namespace {

const AttemptResult kAccepted = {.outcome = AttemptClass::kAccepted, .http_status = 200};
const AttemptResult kRateLimited = {.outcome = AttemptClass::kRefusedTransient,
                                    .reason = ErrorReason::kUpstreamRateLimited,
                                    .http_status = 429};

class ConcurrencyLimiterTest : public testing::Test {
 protected:
  void Offer(ConcurrencyLimiter* limiter, const AttemptResult& result, int times, int in_flight) {
    for (int i = 0; i < times; ++i) {
      limiter->OnResult(result, in_flight, clock_.Now());
    }
  }

  fakes::ManualClock clock_;
};

TEST_F(ConcurrencyLimiterTest, StartsWithinItsBounds) {
  EXPECT_EQ(ConcurrencyLimiter({.limit_initial = 7, .limit_max = 10}).limit(), 7);
  EXPECT_EQ(ConcurrencyLimiter({.limit_initial = 70, .limit_max = 10}).limit(), 10);
  EXPECT_EQ(ConcurrencyLimiter({.limit_initial = 0, .limit_max = 10}).limit(), 1);
}

TEST_F(ConcurrencyLimiterTest, GrowsOnceARoundByTwiceAsMuchEachTime) {
  ConcurrencyLimiter limiter({.limit_initial = 10, .limit_max = 20});
  Offer(&limiter, kAccepted, 9, 10);
  EXPECT_EQ(limiter.limit(), 10);
  Offer(&limiter, kAccepted, 1, 10);
  EXPECT_EQ(limiter.limit(), 11);
  Offer(&limiter, kAccepted, 10, 11);
  EXPECT_EQ(limiter.limit(), 11);
  Offer(&limiter, kAccepted, 1, 11);
  EXPECT_EQ(limiter.limit(), 13);
  Offer(&limiter, kAccepted, 13, 13);
  EXPECT_EQ(limiter.limit(), 17);
  Offer(&limiter, kAccepted, 1000, 20);
  EXPECT_EQ(limiter.limit(), 20);
}

TEST_F(ConcurrencyLimiterTest, ADecreaseStartsWithTheSmallestStepAgain) {
  ConcurrencyLimiter limiter({.limit_initial = 10});
  Offer(&limiter, kAccepted, 10 + 11 + 13, 20);
  EXPECT_EQ(limiter.limit(), 17);
  Offer(&limiter, kRateLimited, 1, 17);
  EXPECT_EQ(limiter.limit(), 15);
  Offer(&limiter, kAccepted, 15, 15);
  EXPECT_EQ(limiter.limit(), 16);
}

TEST_F(ConcurrencyLimiterTest, ComesBackFromTheBottomInAFewRounds) {
  ConcurrencyLimiter limiter({.limit_initial = 1, .limit_max = 10'000});
  int rounds = 0;
  while (limiter.limit() < 10'000 && rounds < 1000) {
    const int before = limiter.limit();
    Offer(&limiter, kAccepted, before, before);
    EXPECT_LE(limiter.limit(), 2 * before);
    ++rounds;
  }
  EXPECT_LE(rounds, 16);
}

TEST_F(ConcurrencyLimiterTest, DoesNotGrowWhileLessThanHalfIsUsed) {
  ConcurrencyLimiter limiter({.limit_initial = 10});
  Offer(&limiter, kAccepted, 1000, 4);
  EXPECT_EQ(limiter.limit(), 10);
  Offer(&limiter, kAccepted, 10, 5);
  EXPECT_EQ(limiter.limit(), 11);
}

TEST_F(ConcurrencyLimiterTest, ShrinksAtMostOncePerInterval) {
  ConcurrencyLimiter limiter({.limit_initial = 100});
  Offer(&limiter, kRateLimited, 50, 100);
  EXPECT_EQ(limiter.limit(), 90);
  clock_.Advance(absl::Milliseconds(999));
  Offer(&limiter, kRateLimited, 1, 100);
  EXPECT_EQ(limiter.limit(), 90);
  clock_.Advance(absl::Milliseconds(1));
  Offer(&limiter, kRateLimited, 2, 100);
  EXPECT_EQ(limiter.limit(), 81);
}

TEST_F(ConcurrencyLimiterTest, NeverFallsBelowOneAndComesBack) {
  ConcurrencyLimiter limiter({.limit_initial = 20});
  for (int i = 0; i < 100; ++i) {
    const int before = limiter.limit();
    Offer(&limiter, kRateLimited, 1, 1);
    EXPECT_EQ(limiter.limit(), before == 1 ? 1 : static_cast<int>(before * 0.9));
    clock_.Advance(absl::Seconds(1));
  }
  EXPECT_EQ(limiter.limit(), 1);
  Offer(&limiter, kAccepted, 1, 1);
  EXPECT_EQ(limiter.limit(), 2);
}

TEST_F(ConcurrencyLimiterTest, AShrinkForgetsTheAcceptancesBeforeIt) {
  ConcurrencyLimiter limiter({.limit_initial = 10});
  Offer(&limiter, kAccepted, 9, 10);
  Offer(&limiter, kRateLimited, 1, 10);
  Offer(&limiter, kAccepted, 8, 10);
  EXPECT_EQ(limiter.limit(), 9);
  Offer(&limiter, kAccepted, 1, 10);
  EXPECT_EQ(limiter.limit(), 10);
}

TEST_F(ConcurrencyLimiterTest, OnlySignsOfTooMuchShrinkIt) {
  struct Case {
    std::string name;
    AttemptResult result;
    bool shrinks;
  };
  const auto result = [](AttemptClass outcome, int status, std::string code = "") {
    return AttemptResult{
        .outcome = outcome, .http_status = status, .upstream_code = std::move(code)};
  };
  const std::vector<Case> cases = {
      {"429", kRateLimited, true},
      {"inner 429",
       {.outcome = AttemptClass::kRefusedTransient,
        .reason = ErrorReason::kUpstreamRateLimited,
        .http_status = 200},
       true},
      {"503 trusted", result(AttemptClass::kRefusedTransient, 503), true},
      {"503 bare", result(AttemptClass::kAmbiguous, 503), true},
      {"504", result(AttemptClass::kAmbiguous, 504), true},
      {"408", result(AttemptClass::kAmbiguous, 408), true},
      {"our timeout", result(AttemptClass::kAmbiguous, 0, "timeout"), true},
      {"timeout in the answer", result(AttemptClass::kAmbiguous, 200, "timeout"), true},
      {"connect timeout", result(AttemptClass::kNotSent, 0, "connect_timeout"), true},
      {"connect refused", result(AttemptClass::kNotSent, 0, "connect_failed"), false},
      {"connection lost", result(AttemptClass::kAmbiguous, 0, "connection_lost"), false},
      {"500", result(AttemptClass::kRefusedTransient, 500), false},
      {"502", result(AttemptClass::kAmbiguous, 502), false},
      {"400", result(AttemptClass::kRefused, 400), false},
      {"503 build_request_failed", result(AttemptClass::kRefused, 503), false},
      {"401", result(AttemptClass::kRefusedAccount, 401), false},
      {"queue_full", result(AttemptClass::kNotSent, 0, "queue_full"), false},
      {"start_too_late", result(AttemptClass::kNotSent, 0, "start_too_late"), false},
      {"key_replaced", result(AttemptClass::kNotSent, 0, std::string(kCodeKeyReplaced)), false},
  };
  for (const Case& c : cases) {
    ConcurrencyLimiter limiter({.limit_initial = 100});
    Offer(&limiter, c.result, 1, 100);
    EXPECT_EQ(limiter.limit(), c.shrinks ? 90 : 100) << c.name;
  }
}

TEST_F(ConcurrencyLimiterTest, AClockThatStepsBackDoesNotHoldItUp) {
  ConcurrencyLimiter limiter({.limit_initial = 100});
  Offer(&limiter, kRateLimited, 1, 100);
  clock_.Advance(-absl::Hours(1));
  Offer(&limiter, kRateLimited, 1, 100);
  EXPECT_EQ(limiter.limit(), 81);
}

TEST_F(ConcurrencyLimiterTest, ThreadsCountTogether) {
  ConcurrencyLimiter limiter({.limit_initial = 800});
  std::vector<std::thread> threads;
  threads.reserve(16);
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] { Offer(&limiter, kAccepted, 50, 800); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(limiter.limit(), 801);
}

}  // namespace
}  // namespace genledger
