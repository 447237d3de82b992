#include "service/upstream/breaker_policies.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/fakes/manual_clock.h"
#include "tests/service/upstream/attempt_results.h"

namespace genledger {
namespace {

class BreakerPoliciesTest : public testing::Test {
 protected:
  bool Trips(BreakerPolicy* policy, const AttemptResult& result,
             const std::string& model = "veo3") {
    return policy->Observe(model, result, clock_.Now()).has_value();
  }

  fakes::ManualClock clock_;
  std::unique_ptr<BreakerPolicy> upstream_ = NewUpstreamBreakerPolicy({});
  std::unique_ptr<BreakerPolicy> account_ = NewAccountBreakerPolicy({});
};

TEST_F(BreakerPoliciesTest, WhatCountsAsAFailureOfTheUpstream) {
  struct Case {
    std::string name;
    AttemptResult result;
    bool fails;
  };
  const std::vector<Case> cases = {
      {"not sent", results::NotSent(), true},
      {"ambiguous", results::Ambiguous(), true},
      {"ambiguous 504", results::Ambiguous(504, ""), true},
      {"500 trusted", results::Transient(500, true), true},
      {"503", results::Transient(503), true},
      {"inner 502", results::Transient(200, true), true},
      {"429", results::Transient(429), false},
      {"400 get_channel_failed", results::Transient(400), false},
      {"accepted", results::Accepted(), false},
      {"400", results::Refused(), false},
      {"500 build_request_failed", results::Refused(500), false},
      {"401", results::Account(401), false},
      {"403", results::Account(403), false},
  };
  for (const Case& c : cases) {
    const std::unique_ptr<BreakerPolicy> policy = NewUpstreamBreakerPolicy({});
    for (int i = 0; i < 4; ++i) {
      EXPECT_FALSE(Trips(policy.get(), c.result)) << c.name << " " << i;
    }
    EXPECT_EQ(Trips(policy.get(), c.result), c.fails) << c.name;
    const ProbeVerdict verdict = policy->JudgeProbe("veo3", c.result);
    EXPECT_EQ(std::holds_alternative<BreakerTrip>(verdict), c.fails) << c.name;
    EXPECT_EQ(std::holds_alternative<ProbeWorked>(verdict), !c.fails) << c.name;
  }
}

TEST_F(BreakerPoliciesTest, ASuccessEndsTheRow) {
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 4; ++i) {
      EXPECT_FALSE(Trips(upstream_.get(), results::NotSent()));
    }
    // Keeps the windows apart: this is about the row.
    clock_.Advance(absl::Seconds(30));
    EXPECT_FALSE(Trips(upstream_.get(), results::Accepted()));
  }
  for (int i = 0; i < 4; ++i) {
    EXPECT_FALSE(Trips(upstream_.get(), results::NotSent()));
    clock_.Advance(absl::Minutes(10));  // a row has no window
  }
  EXPECT_TRUE(Trips(upstream_.get(), results::NotSent()));
}

TEST_F(BreakerPoliciesTest, TheTripSaysWhatHappened) {
  for (int i = 0; i < 4; ++i) {
    EXPECT_FALSE(Trips(upstream_.get(), results::NotSent()));
  }
  const std::optional<BreakerTrip> trip =
      upstream_->Observe("veo3", results::Transient(503), clock_.Now());
  ASSERT_TRUE(trip.has_value());
  EXPECT_EQ(trip->reason, ErrorReason::kUpstreamUnavailable);
  EXPECT_EQ(trip->text, "5 attempts in a row failed, the last: HTTP 503");
}

TEST_F(BreakerPoliciesTest, HalfOfTwentyWithinTheWindow) {
  for (int i = 0; i < 19; ++i) {
    EXPECT_FALSE(Trips(upstream_.get(), i % 2 == 0 ? results::Accepted() : results::Ambiguous()))
        << i;
  }
  EXPECT_TRUE(Trips(upstream_.get(), results::Ambiguous()));
}

TEST_F(BreakerPoliciesTest, LessThanHalfIsNotEnough) {
  for (int i = 0; i < 200; ++i) {
    // 9 of 20, 90 of 200.
    const bool fails = i % 20 < 18 && i % 2 == 1;
    EXPECT_FALSE(Trips(upstream_.get(), fails ? results::Ambiguous() : results::Accepted())) << i;
  }
}

TEST_F(BreakerPoliciesTest, TheWindowSlides) {
  // 10 failures and 9 successes; a moment before the 30 s are over one more result is the 20th.
  const auto fill = [this](BreakerPolicy* policy) {
    for (int i = 0; i < 19; ++i) {
      EXPECT_FALSE(Trips(policy, i % 2 == 0 ? results::Ambiguous() : results::Accepted())) << i;
    }
  };
  fill(upstream_.get());
  clock_.Advance(absl::Seconds(30) - absl::Milliseconds(1));
  EXPECT_TRUE(Trips(upstream_.get(), results::Accepted()));

  const std::unique_ptr<BreakerPolicy> other = NewUpstreamBreakerPolicy({});
  fill(other.get());
  clock_.Advance(absl::Seconds(30));
  EXPECT_FALSE(Trips(other.get(), results::Accepted()));
  // Of the new window alone: 1 success, then 9 more and 9 failures make 19.
  for (int i = 0; i < 18; ++i) {
    EXPECT_FALSE(Trips(other.get(), i % 2 == 0 ? results::Ambiguous() : results::Accepted())) << i;
  }
  EXPECT_TRUE(Trips(other.get(), results::Ambiguous()));
}

TEST_F(BreakerPoliciesTest, ResultsLeaveTheWindowOneByOne) {
  // One result a second: 30 in the window, the oldest 10 of them failures.
  for (int i = 0; i < 30; ++i) {
    EXPECT_FALSE(
        Trips(upstream_.get(), i < 10 && i % 4 != 3 ? results::Ambiguous() : results::Accepted()))
        << i;
    clock_.Advance(absl::Seconds(1));
  }
  // 8 failures are left; each new one drops an old one, so the share stays.
  for (int i = 0; i < 8; ++i) {
    EXPECT_FALSE(Trips(upstream_.get(), i % 4 != 3 ? results::Ambiguous() : results::Accepted()))
        << i;
    clock_.Advance(absl::Seconds(1));
  }
}

TEST_F(BreakerPoliciesTest, TheWindowIsBoundedInNumberToo) {
  const std::unique_ptr<BreakerPolicy> policy =
      NewUpstreamBreakerPolicy({.failures_in_a_row = 1000, .window_results_max = 40});
  for (int i = 0; i < 1000; ++i) {
    EXPECT_FALSE(Trips(policy.get(), results::Accepted()));
  }
  for (int i = 0; i < 19; ++i) {
    EXPECT_FALSE(Trips(policy.get(), results::Ambiguous())) << i;
  }
  EXPECT_TRUE(Trips(policy.get(), results::Ambiguous()));
}

TEST_F(BreakerPoliciesTest, WhatWasBeforeAClosingIsForgotten) {
  for (int i = 0; i < 5; ++i) {
    Trips(upstream_.get(), results::NotSent());
  }
  upstream_->OnClosed();
  for (int i = 0; i < 4; ++i) {
    EXPECT_FALSE(Trips(upstream_.get(), results::NotSent()));
  }
  EXPECT_TRUE(Trips(upstream_.get(), results::NotSent()));
}

TEST_F(BreakerPoliciesTest, AClockThatStepsBackEmptiesTheWindow) {
  for (int i = 0; i < 19; ++i) {
    EXPECT_FALSE(Trips(upstream_.get(), i % 2 == 0 ? results::Ambiguous() : results::Accepted()));
  }
  clock_.Advance(-absl::Hours(1));
  EXPECT_FALSE(Trips(upstream_.get(), results::Ambiguous()));
}

TEST_F(BreakerPoliciesTest, TheAccountsRules) {
  struct Case {
    std::string name;
    AttemptResult result;
    int trips_at;  // 0: never
    ErrorReason reason;
  };
  const std::vector<Case> cases = {
      {"401", results::Account(401), 1, ErrorReason::kUpstreamCredentialInvalid},
      {"402", results::Account(402), 1, ErrorReason::kUpstreamBalanceExhausted},
      {"403", results::Account(403), 3, ErrorReason::kUpstreamForbidden},
      {"400", results::Refused(), 0, {}},
      {"404", results::Refused(404), 0, {}},
      {"429", results::Transient(429), 0, {}},
      {"503", results::Transient(503), 0, {}},
      {"not sent", results::NotSent(), 0, {}},
      {"ambiguous", results::Ambiguous(), 0, {}},
      {"accepted", results::Accepted(), 0, {}},
  };
  for (const Case& c : cases) {
    const std::unique_ptr<BreakerPolicy> policy = NewAccountBreakerPolicy({});
    for (int i = 1; i <= 10; ++i) {
      const std::optional<BreakerTrip> trip = policy->Observe("veo3", c.result, clock_.Now());
      ASSERT_EQ(trip.has_value(), i == c.trips_at) << c.name << " " << i;
      if (trip.has_value()) {
        EXPECT_EQ(trip->reason, c.reason) << c.name;
        EXPECT_FALSE(trip->text.empty());
        break;
      }
    }
  }
}

TEST_F(BreakerPoliciesTest, ForbiddenCountsPerModelUntilThatModelIsAccepted) {
  EXPECT_FALSE(Trips(account_.get(), results::Account(403), "a"));
  EXPECT_FALSE(Trips(account_.get(), results::Account(403), "a"));
  EXPECT_FALSE(Trips(account_.get(), results::Account(403), "b"));
  EXPECT_FALSE(Trips(account_.get(), results::Accepted(), "b"));
  EXPECT_FALSE(Trips(account_.get(), results::Account(403), "b"));
  EXPECT_FALSE(Trips(account_.get(), results::Account(403), "b"));
  EXPECT_FALSE(Trips(account_.get(), results::Transient(429), "a"));
  EXPECT_TRUE(Trips(account_.get(), results::Account(403), "a"));
  EXPECT_TRUE(Trips(account_.get(), results::Account(403), "b"));
}

TEST_F(BreakerPoliciesTest, AClosingByOneModelDoesNotClearAnother) {
  for (int i = 0; i < 3; ++i) {
    Trips(account_.get(), results::Account(403), "a");
  }
  EXPECT_TRUE(std::holds_alternative<ProbeWorked>(account_->JudgeProbe("b", results::Accepted())));
  account_->OnClosed();
  EXPECT_FALSE(Trips(account_.get(), results::Account(403), "b"));
  EXPECT_TRUE(Trips(account_.get(), results::Account(403), "a"));
}

TEST_F(BreakerPoliciesTest, ModelsBeyondTheLimitShareACount) {
  const std::unique_ptr<BreakerPolicy> policy = NewAccountBreakerPolicy({.models_max = 2});
  for (const char* model : {"a", "b", "c", "d"}) {
    EXPECT_FALSE(Trips(policy.get(), results::Account(403), model));
  }
  EXPECT_TRUE(Trips(policy.get(), results::Account(403), "e"));
  EXPECT_FALSE(Trips(policy.get(), results::Account(403), "a"));
}

TEST_F(BreakerPoliciesTest, TheAccountsProbeIsJudgedByWhatItSaysAboutTheKey) {
  const auto judge = [this](const AttemptResult& result) {
    return account_->JudgeProbe("veo3", result);
  };
  for (const AttemptResult& silent :
       {results::NotSent(), results::Ambiguous(), results::Transient(429), results::Transient(503),
        results::Refused(), results::Account(403)}) {
    EXPECT_TRUE(std::holds_alternative<ProbeSaysNothing>(judge(silent))) << silent.http_status;
  }
  EXPECT_TRUE(std::holds_alternative<BreakerTrip>(judge(results::Account(401))));
  EXPECT_TRUE(std::holds_alternative<BreakerTrip>(judge(results::Account(402))));
  EXPECT_TRUE(std::holds_alternative<ProbeWorked>(judge(results::Accepted())));
}

}  // namespace
}  // namespace genledger
