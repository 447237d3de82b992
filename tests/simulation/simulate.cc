// Simulates worlds by hand: as many as wanted, or one that failed.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "tests/simulation/simulation.h"

ABSL_FLAG(uint64_t, first_seed, 1, "the first world; each further one has the next seed");
ABSL_FLAG(uint64_t, seeds, 2000, "how many worlds");
ABSL_FLAG(int, steps, genledger::simulation::kStepsDefault, "events with faults in each world");
ABSL_FLAG(int, crash_step, -1,
          "if not negative: no faults, but one process dies before this event");
ABSL_FLAG(uint64_t, story_lines, genledger::simulation::kStoryLinesDefault,
          "how much to print of a world that breaks a rule");
ABSL_FLAG(bool, coverage, false, "print how often each thing was seen");

int main(int argc, char** argv) {
  using namespace genledger::simulation;  // NOLINT(google-build-using-namespace): one function
  absl::SetProgramUsageMessage("simulates worlds; ends at the first that breaks a rule");
  absl::ParseCommandLine(argc, argv);
  const uint64_t first = absl::GetFlag(FLAGS_first_seed);
  const uint64_t seeds = absl::GetFlag(FLAGS_seeds);
  SimulationPlan plan{.steps = absl::GetFlag(FLAGS_steps),
                      .story_lines = absl::GetFlag(FLAGS_story_lines)};
  if (absl::GetFlag(FLAGS_crash_step) >= 0) {
    plan.crash_step = absl::GetFlag(FLAGS_crash_step);
  }
  Simulator simulator;
  Coverage coverage;
  uint64_t hash = 0;
  for (plan.seed = first; plan.seed < first + seeds; ++plan.seed) {
    const SimulationReport report = simulator.Simulate(plan);
    if (report.violation.has_value()) {
      std::fputs(Explain(plan, report).c_str(), stderr);
      return EXIT_FAILURE;
    }
    coverage.Add(report.coverage);
    hash = hash * 31 + report.trace_hash;
  }
  if (absl::GetFlag(FLAGS_coverage)) {
    for (const auto& [what, count] : coverage.counts()) {
      std::printf("%12lld  %s\n", static_cast<long long>(count), what.c_str());
    }
  }
  std::printf("%llu worlds, all rules held; trace %016llx\n",
              static_cast<unsigned long long>(seeds), static_cast<unsigned long long>(hash));
  return EXIT_SUCCESS;
}
