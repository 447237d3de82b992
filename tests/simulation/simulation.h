// Runs simulated worlds, each from its seed alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/coverage.h"
#include "tests/simulation/journal_shelf.h"
#include "tests/simulation/violation.h"

namespace genledger::simulation {

inline constexpr int kStepsDefault = 1000;
inline constexpr size_t kStoryLinesDefault = 120;

// One world, and how long it lives.
struct SimulationPlan {
  uint64_t seed = 1;
  int steps = kStepsDefault;  // events, with faults among them; then it comes to rest
  // Not a fault in this world, but that one of its processes dies before this event.
  std::optional<int> crash_step;
  size_t story_lines = kStoryLinesDefault;
};

struct SimulationReport {
  std::optional<Violation> violation;
  // Equal for two runs of one plan.
  uint64_t trace_hash = 0;
  // If a rule was broken: the options of the world and the last things that happened in it.
  std::vector<std::string> story;
  Coverage coverage;
};

// Not thread safe.
class Simulator {
 public:
  // If a broken invariant ends the process, the plan and the story are printed first.
  SimulationReport Simulate(const SimulationPlan& plan);

 private:
  JournalShelf journals_;
};

// What a failing test prints: the story, the rule, and how to see it again.
std::string Explain(const SimulationPlan& plan, const SimulationReport& report);

}  // namespace genledger::simulation
