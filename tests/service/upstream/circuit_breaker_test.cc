#include "service/upstream/circuit_breaker.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "service/upstream/breaker_policies.h"
#include "tests/fakes/manual_clock.h"
#include "tests/service/upstream/attempt_results.h"

namespace genledger {
namespace {

using Permit = CircuitBreaker::Permit;

class CircuitBreakerTest : public testing::Test {
 protected:
  std::optional<Permit> TryAdmit() {
    CircuitBreaker::Admission admission = breaker_.Admit(clock_.Now());
    if (auto* permit = std::get_if<Permit>(&admission); permit != nullptr) {
      return std::move(*permit);
    }
    return std::nullopt;
  }
  BreakerChange Record(Permit permit, const AttemptResult& result) {
    return breaker_.Record(std::move(permit), "veo3", result, clock_.Now());
  }
  BreakerChange Attempt(const AttemptResult& result) {
    std::optional<Permit> permit = TryAdmit();
    EXPECT_TRUE(permit.has_value());
    return permit.has_value() ? Record(*std::move(permit), result) : BreakerChange::kNone;
  }
  void Open() {
    for (int i = 0; i < 4; ++i) {
      EXPECT_EQ(Attempt(results::NotSent()), BreakerChange::kNone);
    }
    EXPECT_EQ(Attempt(results::NotSent()), BreakerChange::kOpened);
  }
  BreakerState state() { return breaker_.Snapshot(clock_.Now()).state; }
  // How long it stays open from now on, by asking it.
  absl::Duration OpenFor() { return breaker_.WouldAdmit(clock_.Now())->retry_time - clock_.Now(); }

  fakes::ManualClock clock_;
  CircuitBreaker breaker_{"api.example.com", {}, NewUpstreamBreakerPolicy({})};
};

TEST_F(CircuitBreakerTest, ClosedAdmitsAsManyAsWant) {
  std::vector<Permit> permits;
  for (int i = 0; i < 100; ++i) {
    std::optional<Permit> permit = TryAdmit();
    ASSERT_TRUE(permit.has_value());
    EXPECT_FALSE(permit->is_probe());
    permits.push_back(*std::move(permit));
  }
  EXPECT_EQ(breaker_.WouldAdmit(clock_.Now()), std::nullopt);
  EXPECT_EQ(breaker_.Snapshot(clock_.Now()), BreakerSnapshot{.scope = "api.example.com"});
}

TEST_F(CircuitBreakerTest, OpenRefusesWithReasonAndTime) {
  Open();
  const BreakerRefusal expected = {.reason = ErrorReason::kUpstreamUnavailable,
                                   .retry_time = clock_.Now() + absl::Seconds(30),
                                   .scope = "api.example.com",
                                   .text = "5 attempts in a row failed, the last: connect_failed"};
  clock_.Advance(absl::Seconds(30) - absl::Nanoseconds(1));
  EXPECT_EQ(breaker_.WouldAdmit(clock_.Now()), expected);
  CircuitBreaker::Admission admission = breaker_.Admit(clock_.Now());
  ASSERT_TRUE(std::holds_alternative<BreakerRefusal>(admission));
  EXPECT_EQ(std::get<BreakerRefusal>(admission), expected);
  const BreakerSnapshot snapshot = breaker_.Snapshot(clock_.Now());
  EXPECT_EQ(snapshot.state, BreakerState::kOpen);
  EXPECT_EQ(snapshot.retry_time, expected.retry_time);
  EXPECT_EQ(snapshot.trip.text, expected.text);
}

TEST_F(CircuitBreakerTest, HalfOpenAdmitsOneProbe) {
  Open();
  clock_.Advance(absl::Seconds(30));
  EXPECT_EQ(state(), BreakerState::kHalfOpen);
  EXPECT_EQ(breaker_.WouldAdmit(clock_.Now()), std::nullopt);
  std::optional<Permit> probe = TryAdmit();
  ASSERT_TRUE(probe.has_value());
  EXPECT_TRUE(probe->is_probe());
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(TryAdmit().has_value());
    EXPECT_EQ(OpenFor(), absl::Seconds(1));
    clock_.Advance(absl::Hours(1));  // as long as it takes
  }
  EXPECT_EQ(Record(*std::move(probe), results::Accepted()), BreakerChange::kClosed);
  EXPECT_EQ(state(), BreakerState::kClosed);
  EXPECT_TRUE(TryAdmit().has_value());
}

TEST_F(CircuitBreakerTest, OpenTimeDoublesToFiveMinutesAndStartsOverAfterASuccess) {
  for (int round = 0; round < 2; ++round) {
    Open();
    for (const int seconds : {30, 60, 120, 240, 300, 300, 300}) {
      EXPECT_EQ(OpenFor(), absl::Seconds(seconds));
      clock_.Advance(absl::Seconds(seconds) - absl::Nanoseconds(1));
      EXPECT_FALSE(TryAdmit().has_value());
      clock_.Advance(absl::Nanoseconds(1));
      EXPECT_EQ(Attempt(results::Ambiguous()), BreakerChange::kOpened);
    }
    clock_.Advance(absl::Minutes(5));
    EXPECT_EQ(Attempt(results::Accepted()), BreakerChange::kClosed);
  }
}

TEST_F(CircuitBreakerTest, AProbeThatIsNeverLaunchedFreesItsPlace) {
  Open();
  clock_.Advance(absl::Seconds(30));
  { const std::optional<Permit> dropped = TryAdmit(); }
  std::optional<Permit> probe = TryAdmit();
  ASSERT_TRUE(probe.has_value());
  EXPECT_TRUE(probe->is_probe());
  // Moved along, it is still one and the same.
  Permit moved(*std::move(probe));
  EXPECT_FALSE(TryAdmit().has_value());
  EXPECT_EQ(Record(std::move(moved), results::Accepted()), BreakerChange::kClosed);
}

TEST_F(CircuitBreakerTest, ReplacingAPermitFreesTheProbe) {
  std::optional<Permit> ordinary = TryAdmit();
  Open();
  clock_.Advance(absl::Seconds(30));
  std::optional<Permit> probe = TryAdmit();
  ASSERT_TRUE(probe.has_value());
  {
    Permit replacement = *std::move(ordinary);
    *probe = std::move(replacement);
  }
  EXPECT_FALSE(probe->is_probe());
  EXPECT_TRUE(TryAdmit().has_value());
}

TEST_F(CircuitBreakerTest, OurOwnRefusalsNeverCount) {
  for (const char* code :
       {"key_replaced", "queue_full", "start_too_late", "shutting_down", "bad_header"}) {
    for (int i = 0; i < 50; ++i) {
      EXPECT_EQ(Attempt(results::NotSent(code)), BreakerChange::kNone) << code;
      EXPECT_EQ(Attempt(results::Ambiguous(0, code)), BreakerChange::kNone) << code;
    }
  }
  // Nor do they end a row.
  for (int i = 0; i < 4; ++i) {
    Attempt(results::NotSent());
    Attempt(results::NotSent("queue_full"));
  }
  EXPECT_EQ(Attempt(results::NotSent()), BreakerChange::kOpened);
  // A probe that ends in one only frees its place.
  clock_.Advance(absl::Seconds(30));
  EXPECT_EQ(Attempt(results::NotSent("key_replaced")), BreakerChange::kProbeFreed);
  EXPECT_EQ(state(), BreakerState::kHalfOpen);
  EXPECT_EQ(Attempt({.outcome = AttemptClass::kInProgress, .http_status = 409}),
            BreakerChange::kProbeFreed);
  EXPECT_EQ(Attempt(results::Accepted()), BreakerChange::kClosed);
}

TEST_F(CircuitBreakerTest, WhatWasUnderWayWhenItOpenedNoLongerCounts) {
  std::vector<Permit> stragglers;
  stragglers.reserve(20);
  for (int i = 0; i < 20; ++i) {
    stragglers.push_back(*TryAdmit());
  }
  const auto straggle = [&](const AttemptResult& result) {
    Permit permit = std::move(stragglers.back());
    stragglers.pop_back();
    return Record(std::move(permit), result);
  };
  Open();
  // Open: neither closes it nor makes it last longer.
  EXPECT_EQ(straggle(results::Accepted()), BreakerChange::kNone);
  clock_.Advance(absl::Seconds(10));
  EXPECT_EQ(straggle(results::NotSent()), BreakerChange::kNone);
  EXPECT_EQ(OpenFor(), absl::Seconds(20));
  // Half-open: does not end the probe.
  clock_.Advance(absl::Seconds(20));
  std::optional<Permit> probe = TryAdmit();
  EXPECT_EQ(straggle(results::Accepted()), BreakerChange::kNone);
  EXPECT_EQ(straggle(results::NotSent()), BreakerChange::kNone);
  EXPECT_FALSE(TryAdmit().has_value());
  EXPECT_EQ(Record(*std::move(probe), results::Accepted()), BreakerChange::kClosed);
  // Closed again: five of them are not five in a row.
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(straggle(results::NotSent()), BreakerChange::kNone);
  }
}

TEST_F(CircuitBreakerTest, AClockThatStepsBackDoesNotKeepItOpen) {
  Open();
  clock_.Advance(-absl::Hours(24));
  EXPECT_EQ(OpenFor(), absl::Seconds(30));
  EXPECT_FALSE(TryAdmit().has_value());
  clock_.Advance(absl::Seconds(30));
  EXPECT_TRUE(TryAdmit().has_value());
}

// How the probe of a round ends, over and over.
enum class End { kDropped, kLocal, kFailed };

TEST_F(CircuitBreakerTest, SixteenThreadsNeverHoldTwoProbes) {
  Open();
  for (int round = 0; round < 60; ++round) {
    clock_.Set(breaker_.Snapshot(clock_.Now()).state == BreakerState::kOpen
                   ? breaker_.Snapshot(clock_.Now()).retry_time
                   : clock_.Now());
    const auto end = static_cast<End>(round % 3);
    std::atomic<int> arrived = 0;
    std::atomic<int> admitted = 0;
    std::atomic<int> asked = 0;
    std::vector<std::thread> threads;
    threads.reserve(16);
    for (int i = 0; i < 16; ++i) {
      threads.emplace_back([&] {
        ++arrived;
        while (arrived < 16) {
          std::this_thread::yield();
        }
        std::optional<Permit> permit = TryAdmit();
        ++asked;
        if (!permit.has_value()) {
          return;
        }
        ++admitted;
        EXPECT_TRUE(permit->is_probe());
        while (asked < 16) {  // everybody has asked while the probe was out
          std::this_thread::yield();
        }
        if (end == End::kLocal) {
          Record(*std::move(permit), results::NotSent("queue_full"));
        } else if (end == End::kFailed) {
          Record(*std::move(permit), results::NotSent());
        }
      });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
    ASSERT_EQ(admitted, 1) << "round " << round;
    ASSERT_EQ(state(), end == End::kFailed ? BreakerState::kOpen : BreakerState::kHalfOpen);
  }
}

TEST_F(CircuitBreakerTest, ThreadsMixEverything) {
  std::atomic<int> probes_out = 0;
  std::vector<std::thread> threads;
  threads.reserve(16);
  for (int t = 0; t < 16; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 300; ++i) {
        std::optional<Permit> permit = TryAdmit();
        clock_.Advance(absl::Seconds(1));
        (void)breaker_.Snapshot(clock_.Now());
        if (!permit.has_value()) {
          continue;
        }
        const bool probe = permit->is_probe();
        if (probe) {
          EXPECT_EQ(++probes_out, 1);
          --probes_out;
        }
        switch ((t + i) % 4) {
          case 0:
            permit.reset();
            break;
          case 1:
            Record(*std::move(permit), results::Accepted());
            break;
          default:
            Record(*std::move(permit), results::NotSent());
            break;
        }
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  // Nothing is out: whatever state it is in, it lets somebody through in time.
  clock_.Advance(absl::Minutes(5));
  EXPECT_TRUE(TryAdmit().has_value());
}

}  // namespace
}  // namespace genledger
