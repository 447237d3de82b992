// Runs simulated worlds, each from its seed alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/coverage.h"
#include "tests/simulation/violation.h"

namespace genledger::simulation {

inline constexpr int kStepsDefault = 1000;
inline constexpr size_t kStoryLinesDefault = 120;

struct SimulationReport {
  std::optional<Violation> violation;
  // Equal for two runs of one seed.
  uint64_t trace_hash = 0;
  // The options of the world and the last things that happened in it.
  std::vector<std::string> story;
  Coverage coverage;
};

// `steps` events with faults, then rest. If a broken invariant ends the process, the seed and the
// story are printed first. The story has the last `story_lines` lines.
SimulationReport Simulate(uint64_t seed, int steps = kStepsDefault,
                          size_t story_lines = kStoryLinesDefault);

// The same world without faults, but that one of its processes dies before event `crash_step`.
SimulationReport SimulateCrashAt(uint64_t seed, int steps, int crash_step);

// What a failing test prints: the seed, how to see it again, and the story.
std::string Explain(uint64_t seed, int steps, const SimulationReport& report);

}  // namespace genledger::simulation
