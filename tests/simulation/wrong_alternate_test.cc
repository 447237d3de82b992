// Linked with one wrong source of the product in place of the right one: the simulation must
// notice.
#include <gtest/gtest.h>

#include <cstdint>
#include <iostream>
#include <map>
#include <string>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "tests/simulation/simulation.h"
#include "tests/simulation/violation.h"

ABSL_FLAG(int, rule, 0, "the number of the invariant that the wrong source breaks");
ABSL_FLAG(uint64_t, seeds, 2000, "in how many worlds it must be found");

namespace genledger::simulation {
namespace {

TEST(WrongAlternate, IsFound) {
  const auto rule = static_cast<Rule>(absl::GetFlag(FLAGS_rule));
  Simulator simulator;
  std::map<std::string, int> others;
  for (uint64_t seed = 1; seed <= absl::GetFlag(FLAGS_seeds); ++seed) {
    const SimulationReport report = simulator.Simulate({.seed = seed});
    if (!report.violation.has_value()) {
      continue;
    }
    if (report.violation->rule == rule) {
      std::cout << "seed " << seed << ": " << RuleName(rule) << ": " << report.violation->what
                << "\n";
      return;
    }
    ++others[RuleName(report.violation->rule)];
  }
  for (const auto& [name, count] : others) {
    std::cout << count << " times " << name << "\n";
  }
  ADD_FAILURE() << RuleName(rule) << " was never found broken";
}

}  // namespace
}  // namespace genledger::simulation

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  absl::ParseCommandLine(argc, argv);
  return RUN_ALL_TESTS();
}
