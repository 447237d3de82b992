#include "tests/bench/figures/in_flight.h"

#include <algorithm>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "service/base/status_macros.h"
#include "tests/bench/channels.h"
#include "tests/bench/figures/new_server.h"
#include "tests/bench/process_usage.h"
#include "tests/bench/workloads/generation_operations.h"

namespace genledger::bench {
namespace {

// Calls are measured for so many answers of the upstream in a row.
constexpr int kAnswersInARow = 3;
// All of them are sent at once, and answered in their turn.
constexpr absl::Duration kWait = absl::Seconds(50);

absl::StatusOr<ProcessSize> LoadWith(Operation& submit, int concurrency,
                                     absl::Duration slow_upstream, pid_t server) {
  ProcessSize size;
  const LoadObserver observer{.end = [&]() -> absl::Status {
    GL_ASSIGN_OR_RETURN(size, SizeOf(server));
    return absl::OkStatus();
  }};
  // All calls are out by the end of the first answer; then the second round is on its way.
  GL_RETURN_IF_ERROR(
      RunClosedLoop(submit, concurrency,
                    {.warm_up = slow_upstream / 2, .duration = slow_upstream * kAnswersInARow},
                    observer)
          .status());
  return size;
}

}  // namespace

absl::Status MeasureInFlight(const BenchContext& context) {
  const BenchOptions& options = *context.options;
  const std::string group = absl::StrCat(options.in_flight, " in flight, upstream takes ",
                                         absl::FormatDuration(options.slow_upstream));
  Progress(group);
  GL_ASSIGN_OR_RETURN(const NewServer server,
                      StartNewServer(context, {.simulator = {.latency = options.slow_upstream}}));
  const Channels channels({server.server->address()}, options.connections);
  const std::unique_ptr<Operation> submit =
      NewNewOperation(channels, {.series = "in-flight", .wait = kWait});
  GL_ASSIGN_OR_RETURN(
      const ProcessSize usual,
      LoadWith(*submit, options.usual_concurrency, options.slow_upstream, server.server->pid()));
  GL_ASSIGN_OR_RETURN(
      const ProcessSize many,
      LoadWith(*submit, options.in_flight, options.slow_upstream, server.server->pid()));
  context.report->figures.insert(
      context.report->figures.end(),
      {{.group = group,
        .name = "resident",
        .value = static_cast<double>(many.resident_bytes_max) / (1 << 20),
        .unit = "MiB",
        .goal = "under 300 MB"},
       {.group = group,
        .name = "threads",
        .value = static_cast<double>(many.threads),
        .unit = "threads"},
       {.group = group,
        .name = absl::StrCat("threads more than with ", options.usual_concurrency, " in flight"),
        .value = static_cast<double>(many.threads - usual.threads),
        .unit = "threads",
        .goal = "0"}});
  return server.server->Stop();
}

}  // namespace genledger::bench
