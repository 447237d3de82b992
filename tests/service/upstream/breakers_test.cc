#include "service/upstream/breakers.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "tests/fakes/manual_clock.h"
#include "tests/service/upstream/attempt_results.h"

namespace genledger {
namespace {

using Permit = Breakers::Permit;

const std::vector<std::string> kKeys = {"key1", "key2"};

class BreakersTest : public testing::Test {
 protected:
  std::optional<Permit> TryAdmit(const std::vector<std::string>& keys = kKeys) {
    Breakers::Admission admission = breakers_.Admit(keys, clock_.Now());
    if (auto* permit = std::get_if<Permit>(&admission); permit != nullptr) {
      return std::move(*permit);
    }
    return std::nullopt;
  }
  Breakers::Change Attempt(const AttemptResult& result,
                           const std::vector<std::string>& keys = kKeys) {
    std::optional<Permit> permit = TryAdmit(keys);
    EXPECT_TRUE(permit.has_value());
    if (!permit.has_value()) {
      return {};
    }
    return breakers_.Record(*std::move(permit), "veo3", result, clock_.Now());
  }
  std::optional<BreakerRefusal> Refusal(const std::vector<std::string>& keys = kKeys) {
    return breakers_.WouldAdmit(keys, clock_.Now());
  }
  void OpenUpstream() {
    for (int i = 0; i < 5; ++i) {
      Attempt(results::NotSent());
    }
    ASSERT_EQ(states(0), BreakerState::kOpen);
  }
  // 0: the upstream's, then the keys'.
  BreakerState states(size_t i) { return breakers_.Snapshot(clock_.Now()).at(i).state; }

  fakes::ManualClock clock_;
  Breakers breakers_{{.upstream_scope = "api.example.com"}, kKeys};
};

TEST_F(BreakersTest, TheFirstKeyWhoseBreakerAdmitsIsTaken) {
  EXPECT_EQ(TryAdmit()->fingerprint(), "key1");
  EXPECT_EQ(Attempt(results::Account(401)).account, BreakerChange::kOpened);
  EXPECT_EQ(TryAdmit()->fingerprint(), "key2");
  EXPECT_EQ(Refusal(), std::nullopt);
  clock_.Advance(absl::Seconds(10));
  EXPECT_EQ(Attempt(results::Account(402)).account, BreakerChange::kOpened);

  // Both refuse: the one that ends first answers.
  const std::optional<BreakerRefusal> refusal = Refusal();
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->scope, "key1");
  EXPECT_EQ(refusal->reason, ErrorReason::kUpstreamCredentialInvalid);
  EXPECT_EQ(refusal->retry_time, clock_.Now() + absl::Seconds(20));
  EXPECT_EQ(refusal->text, "the upstream does not take our API key (401)");
  EXPECT_FALSE(TryAdmit().has_value());
  EXPECT_EQ(Refusal({"key2"})->reason, ErrorReason::kUpstreamBalanceExhausted);
}

TEST_F(BreakersTest, TheUpstreamsRefusalComesFirst) {
  OpenUpstream();
  EXPECT_EQ(Refusal()->scope, "api.example.com");
  EXPECT_EQ(Refusal()->reason, ErrorReason::kUpstreamUnavailable);
}

TEST_F(BreakersTest, OneProbeCanCloseOneAndOpenTheOther) {
  OpenUpstream();
  clock_.Advance(absl::Seconds(30));
  // The probe finds the account refused: the upstream works, the key does not.
  const Breakers::Change change = Attempt(results::Account(401), {"key1"});
  EXPECT_EQ(change.upstream, BreakerChange::kClosed);
  EXPECT_EQ(change.account, BreakerChange::kOpened);
}

TEST_F(BreakersTest, ARefusedAccountDoesNotHoldTheUpstreamsProbe) {
  OpenUpstream();
  clock_.Advance(absl::Seconds(30));
  Attempt(results::Account(401), {"key1"});  // closes the upstream's, opens key1's
  for (int i = 0; i < 5; ++i) {
    Attempt(results::Ambiguous(), {"key2"});
  }
  ASSERT_EQ(states(0), BreakerState::kOpen);
  clock_.Advance(absl::Seconds(30));
  // key1 becomes half-open as well; its probe fails, so that it outlasts the upstream's next time.
  Attempt(results::Account(401), {"key1"});
  for (int i = 0; i < 5; ++i) {
    Attempt(results::Ambiguous(), {"key2"});
  }
  clock_.Advance(absl::Seconds(30));
  EXPECT_FALSE(TryAdmit({"key1"}).has_value());
  EXPECT_EQ(Refusal({"key1"})->scope, "key1");
  std::optional<Permit> probe = TryAdmit({"key2"});
  ASSERT_TRUE(probe.has_value());
  EXPECT_TRUE(probe->is_probe());
  EXPECT_FALSE(TryAdmit({"key2"}).has_value());
  probe.reset();
  EXPECT_TRUE(TryAdmit({"key2"}).has_value());
}

TEST_F(BreakersTest, AnUnsentProbeOfTheAccountIsTriedAgain) {
  Attempt(results::Account(401), {"key1"});
  clock_.Advance(absl::Seconds(30));
  EXPECT_EQ(Attempt(results::NotSent(), {"key1"}).account, BreakerChange::kProbeFreed);
  EXPECT_EQ(Attempt(results::Accepted(), {"key1"}).account, BreakerChange::kClosed);
}

TEST_F(BreakersTest, AChangedKeySetClosesTheAccountBreakersOnly) {
  EXPECT_FALSE(breakers_.SetKeys({"key2", "key1"}));  // the order is not the set
  OpenUpstream();
  clock_.Advance(absl::Seconds(30));
  Attempt(results::Account(401));
  Attempt(results::Account(401));
  EXPECT_FALSE(TryAdmit().has_value());
  EXPECT_FALSE(breakers_.SetKeys(kKeys));
  EXPECT_FALSE(TryAdmit().has_value());

  EXPECT_TRUE(breakers_.SetKeys({"key1", "key3"}));
  EXPECT_EQ(TryAdmit({"key1", "key3"})->fingerprint(), "key1");
  const std::vector<BreakerSnapshot> snapshots = breakers_.Snapshot(clock_.Now());
  ASSERT_EQ(snapshots.size(), 3);
  EXPECT_EQ(snapshots[1].scope, "key1");
  EXPECT_EQ(snapshots[2].scope, "key3");

  for (int i = 0; i < 5; ++i) {
    Attempt(results::NotSent(), {"key3"});
  }
  EXPECT_TRUE(breakers_.SetKeys({"key4"}));
  EXPECT_EQ(states(0), BreakerState::kOpen);
}

TEST_F(BreakersTest, AttemptsOfOldKeysCountNoMoreForAccounts) {
  std::optional<Permit> old = TryAdmit();
  std::optional<Permit> dropped = TryAdmit();
  EXPECT_TRUE(breakers_.SetKeys({"key1"}));
  dropped.reset();
  EXPECT_EQ(breakers_.Record(*std::move(old), "veo3", results::Account(401), clock_.Now()).account,
            BreakerChange::kNone);
  EXPECT_EQ(states(1), BreakerState::kClosed);
}

TEST_F(BreakersTest, ReplacingAPermitOfAnOldKeyIsSafe) {
  std::optional<Permit> first = TryAdmit();
  EXPECT_TRUE(breakers_.SetKeys({"key3"}));
  *first = *TryAdmit({"key3"});
  EXPECT_EQ(first->fingerprint(), "key3");
}

TEST_F(BreakersTest, NoKeyIsAKeyToo) {
  EXPECT_TRUE(breakers_.SetKeys({}));
  EXPECT_EQ(TryAdmit({})->fingerprint(), "");
  EXPECT_EQ(Attempt(results::Account(401), {}).account, BreakerChange::kOpened);
  EXPECT_FALSE(TryAdmit({}).has_value());
}

TEST_F(BreakersTest, AKeyThatIsNotInForceHasNoBreaker) {
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(Attempt(results::Account(401), {"gone"}).account, BreakerChange::kNone);
  }
  EXPECT_EQ(breakers_.Snapshot(clock_.Now()).size(), 3);
}

TEST_F(BreakersTest, KeysMayChangeUnderWay) {
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < 200; ++i) {
        if (t == 0) {
          breakers_.SetKeys(i % 2 == 0 ? kKeys : std::vector<std::string>{"key3"});
          continue;
        }
        std::optional<Permit> permit = TryAdmit({"key1", "key3"});
        (void)Refusal();
        (void)breakers_.Snapshot(clock_.Now());
        if (permit.has_value() && i % 3 != 0) {
          breakers_.Record(*std::move(permit), "veo3",
                           i % 3 == 1 ? results::Accepted() : results::Account(401), clock_.Now());
        }
        clock_.Advance(absl::Seconds(1));
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}

}  // namespace
}  // namespace genledger
