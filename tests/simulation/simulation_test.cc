// Many worlds, none of which may break a rule. GENLEDGER_TEST_ALL=1 simulates more of them; for
// millions, or a few by hand, see simulate.cc.
#include "tests/simulation/simulation.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string_view>

namespace genledger::simulation {
namespace {

constexpr uint64_t kSeeds = 2'000;
constexpr uint64_t kSeedsOfLongForm = 50'000;
// Each is a test of its own, so that they can be run side by side.
constexpr uint64_t kParts = 4;
constexpr uint64_t kReplays = 20;
constexpr uint64_t kCrashSeeds = 8;
constexpr int kCrashSteps = 250;

// What the worlds of one part must all have gone through.
constexpr std::array<std::string_view, 44> kExpected = {
    "409 idempotency_in_progress",
    "409 idempotency_result_indeterminate",
    "a body torn",
    "a commit in doubt",
    "a crash at rest",
    "a crash at work",
    "a dead process's store call took effect",
    "a drain",
    "a hang-up afterwards",
    "a hang-up while waiting",
    "a pause",
    "a purge",
    "a re-send",
    "a reply lost",
    "a start with receipts",
    "a store call arrived twice",
    "acceptance replayed upstream",
    "an event watched",
    "an outage of the store",
    "error REQUEST_ID_EXPIRED",
    "event abandoned",
    "event accepted",
    "event cancel_requested",
    "event cancel_withdrawn",
    "event cancelled",
    "event detached",
    "event expired",
    "event held",
    "event joined",
    "event proved_accepted",
    "event proved_not_accepted",
    "event refused",
    "event released",
    "event reopened",
    "event reposted",
    "event resent",
    "event resolved",
    "event retry_scheduled",
    "event superseded",
    "event unknown",
    "state ABANDONED",
    "state CANCELLED",
    "state FAILED",
    "too late to begin",
};

uint64_t NumberIn(const char* variable, uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

uint64_t FirstSeed() {
  const uint64_t seed = NumberIn("GENLEDGER_TEST_SEED", 1);
  std::cout << "GENLEDGER_TEST_SEED=" << seed << "\n";
  return seed;
}

class Worlds : public ::testing::TestWithParam<uint64_t> {};

TEST_P(Worlds, HoldEveryRule) {
  const uint64_t first = FirstSeed();
  Simulator simulator;
  const uint64_t seeds = NumberIn("GENLEDGER_TEST_ALL", 0) == 1 ? kSeedsOfLongForm : kSeeds;
  Coverage coverage;
  for (uint64_t seed = first + GetParam(); seed < first + seeds; seed += kParts) {
    const SimulationPlan plan{.seed = seed};
    const SimulationReport report = simulator.Simulate(plan);
    ASSERT_FALSE(report.violation.has_value()) << Explain(plan, report);
    coverage.Add(report.coverage);
  }
  for (const std::string_view what : kExpected) {
    EXPECT_TRUE(coverage.counts().contains(what)) << what << " was never seen";
  }
}

INSTANTIATE_TEST_SUITE_P(Parts, Worlds, ::testing::Range(uint64_t{0}, kParts));

TEST(Simulation, ReplaysASeedExactly) {
  const uint64_t first = FirstSeed();
  Simulator simulator;
  for (uint64_t seed = first; seed < first + kReplays; ++seed) {
    const uint64_t hash = simulator.Simulate({.seed = seed}).trace_hash;
    EXPECT_EQ(simulator.Simulate({.seed = seed}).trace_hash, hash) << "seed " << seed;
    EXPECT_NE(simulator.Simulate({.seed = seed + 1}).trace_hash, hash) << "seed " << seed;
  }
}

TEST(Simulation, SurvivesACrashAtEveryStep) {
  const uint64_t first = FirstSeed();
  Simulator simulator;
  for (uint64_t seed = first; seed < first + kCrashSeeds; ++seed) {
    for (int step = 0; step < kCrashSteps; ++step) {
      const SimulationPlan plan{.seed = seed, .steps = kCrashSteps, .crash_step = step};
      const SimulationReport report = simulator.Simulate(plan);
      ASSERT_FALSE(report.violation.has_value()) << Explain(plan, report);
    }
  }
}

}  // namespace
}  // namespace genledger::simulation
