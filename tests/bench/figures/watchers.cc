#include "tests/bench/figures/watchers.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "service/base/status_macros.h"
#include "tests/bench/channels.h"
#include "tests/bench/figures/measured_load.h"
#include "tests/bench/figures/new_server.h"
#include "tests/bench/workloads/generation_operations.h"
#include "tests/bench/workloads/open_watches.h"

namespace genledger::bench {
namespace {

constexpr int kRounds = 3;
constexpr char kWatchedSeries[] = "watched";
// POSTs of that series are never answered.
constexpr char kHoldWatched[] =
    R"({"when": {"prompt_contains": "series watched"}, "do": "hold", "at": "body"})";

// Of the server, in CPU seconds a second.
absl::StatusOr<double> CoresUsed(const BenchContext& context, Operation& submit,
                                 const NewServer& server) {
  GL_ASSIGN_OR_RETURN(const Measurement measurement,
                      MeasureOpenLoop(submit, context.options->busy_calls_per_second,
                                      context.options->times, {.servers = {server.server->pid()}}));
  return measurement.cpu_us_per_call * measurement.calls_per_second / 1e6;
}

}  // namespace

absl::Status MeasureWatchers(const BenchContext& context) {
  const BenchOptions& options = *context.options;
  const std::string group =
      absl::StrCat(options.watchers, " watchers, ", options.busy_calls_per_second, " NEW/s");
  Progress(group);
  GL_ASSIGN_OR_RETURN(const NewServer server,
                      StartNewServer(context, {.simulator = {.script = kHoldWatched}}));
  const Channels channels({server.server->address()}, options.connections);
  const std::unique_ptr<Operation> submit = NewNewOperation(channels, {.series = "busy"});
  GL_ASSIGN_OR_RETURN(const std::vector<std::string> ids,
                      SubmitUnanswered(channels, kWatchedSeries, options.watchers));
  double without = 0;
  double with = 0;
  // By turns, because the difference is small and the machine is not the same from second to
  // second.
  for (int round = 0; round < kRounds; ++round) {
    GL_ASSIGN_OR_RETURN(const double alone, CoresUsed(context, *submit, server));
    GL_ASSIGN_OR_RETURN(const std::unique_ptr<OpenWatches> watches,
                        OpenWatches::Start(channels, ids));
    GL_ASSIGN_OR_RETURN(const double watched, CoresUsed(context, *submit, server));
    GL_RETURN_IF_ERROR(watches->CheckAllOpen());
    without += alone / kRounds;
    with += watched / kRounds;
  }
  context.report->figures.insert(
      context.report->figures.end(),
      {{.group = group,
        .name = "server without them",
        .value = without * 100,
        .unit = "% of a core"},
       {.group = group, .name = "server with them", .value = with * 100, .unit = "% of a core"},
       {.group = group,
        .name = "the watchers",
        .value = (with - without) * 100,
        .unit = "% of a core",
        .goal = "under 10"}});
  return absl::OkStatus();
}

}  // namespace genledger::bench
