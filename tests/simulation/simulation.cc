#include "tests/simulation/simulation.h"

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
const SimulationPlan* current_plan = nullptr;

// The process ends anyway; what it says may as well not be safe in a signal handler.
void OnAbort(int /*signal*/) {
  if (current_world != nullptr) {
    const SimulationReport report{.story = current_world->trace().Lines()};
    std::fputs(Explain(*current_plan, report).c_str(), stderr);
  }
}

class Watched {
 public:
  Watched(const World* world, const SimulationPlan* plan) {
    current_world = world;
    current_plan = plan;
    std::signal(SIGABRT, OnAbort);
  }
  ~Watched() { current_world = nullptr; }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;
};

}  // namespace

SimulationReport Simulator::Simulate(const SimulationPlan& plan) {
  WorldOptions options = DrawOptions(plan.seed);
  if (plan.crash_step.has_value()) {
    options.faults = {};
  }
  World world(options, plan.seed, plan.story_lines, &journals_);
  const Watched watched(&world, &plan);
  if (plan.crash_step.has_value()) {
    world.Run(*plan.crash_step);
    world.CrashFirstReplica();
  }
  world.Run(plan.steps - plan.crash_step.value_or(0));
  world.ComeToRest();
  SimulationReport report{.violation = world.violation(),
                          .trace_hash = world.trace().hash(),
                          .coverage = world.coverage()};
  if (report.violation.has_value()) {
    report.story = world.trace().Lines();
    report.story.insert(report.story.begin(), Describe(options));
  }
  return report;
}

std::string Explain(const SimulationPlan& plan, const SimulationReport& report) {
  return absl::StrCat(
      absl::StrJoin(report.story, "\n"), "\n\nseed ", plan.seed, ": ",
      report.violation.has_value()
          ? absl::StrCat(RuleName(report.violation->rule), ": ", report.violation->what)
          : "a broken invariant ended the process",
      "\nreplay: bazel run --config=opt //tests/simulation:simulate -- --seeds=1 --first_seed=",
      plan.seed, " --steps=", plan.steps,
      plan.crash_step.has_value() ? absl::StrCat(" --crash_step=", *plan.crash_step) : "", "\n");
}

}  // namespace genledger::simulation
