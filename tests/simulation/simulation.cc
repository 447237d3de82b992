#include "tests/simulation/simulation.h"

#include <algorithm>
#include <csignal>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/simulation/world.h"
#include "tests/simulation/world_options.h"

namespace genledger::simulation {
namespace {

// Of the world that is being simulated, for the handler of a GL_CHECK that fails in it.
const World* current_world = nullptr;
uint64_t current_seed = 0;
int current_steps = 0;

std::vector<std::string> StoryOf(const World& world, const WorldOptions& options) {
  std::vector<std::string> story = world.trace().Lines();
  story.insert(story.begin(), Describe(options));
  return story;
}

// The process ends anyway; what it says may as well not be safe in a signal handler.
void OnAbort(int /*signal*/) {
  if (current_world != nullptr) {
    const SimulationReport report{.story = current_world->trace().Lines()};
    std::fputs(Explain(current_seed, current_steps, report).c_str(), stderr);
  }
}

class Watched {
 public:
  Watched(const World* world, uint64_t seed, int steps) {
    current_world = world;
    current_seed = seed;
    current_steps = steps;
    std::signal(SIGABRT, OnAbort);
  }
  ~Watched() { current_world = nullptr; }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;
};

SimulationReport ReportOf(const World& world, const WorldOptions& options) {
  SimulationReport report{.violation = world.violation(),
                          .trace_hash = world.trace().hash(),
                          .coverage = world.coverage()};
  if (report.violation.has_value()) {
    report.story = StoryOf(world, options);
  }
  return report;
}

}  // namespace

SimulationReport Simulate(uint64_t seed, int steps, size_t story_lines) {
  const WorldOptions options = DrawOptions(seed);
  World world(options, seed, story_lines);
  const Watched watched(&world, seed, steps);
  world.Run(steps);
  world.ComeToRest();
  return ReportOf(world, options);
}

SimulationReport SimulateCrashAt(uint64_t seed, int steps, int crash_step) {
  WorldOptions options = DrawOptions(seed);
  options.faults = {};
  World world(options, seed, kStoryLinesDefault);
  const Watched watched(&world, seed, steps);
  world.Run(std::min(crash_step, steps));
  world.CrashFirstReplica();
  world.Run(std::max(steps - crash_step, 0));
  world.ComeToRest();
  return ReportOf(world, options);
}

std::string Explain(uint64_t seed, int steps, const SimulationReport& report) {
  return absl::StrCat(
      absl::StrJoin(report.story, "\n"), "\n\nseed ", seed, ": ",
      report.violation.has_value()
          ? absl::StrCat(RuleName(report.violation->rule), ": ", report.violation->what)
          : "a broken invariant ended the process",
      "\nreplay: bazel run --config=opt //tests/simulation:simulate -- --first_seed=", seed,
      " --seeds=1 --steps=", steps, "\n");
}

}  // namespace genledger::simulation
