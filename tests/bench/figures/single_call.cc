#include "tests/bench/figures/single_call.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "service/base/status_macros.h"
#include "tests/bench/channels.h"
#include "tests/bench/figures/measured_load.h"
#include "tests/bench/figures/new_server.h"
#include "tests/bench/limits/post_limit.h"
#include "tests/bench/workloads/generation_operations.h"
#include "tests/bench/workloads/post_bodies.h"

namespace genledger::bench {
namespace {

constexpr char kGroup[] = "one call at a time";

void Add(const BenchContext& context, std::string name, absl::Duration value, std::string goal) {
  context.report->figures.push_back({.group = kGroup,
                                     .name = std::move(name),
                                     .value = absl::ToDoubleMilliseconds(value),
                                     .unit = "ms",
                                     .goal = std::move(goal)});
}

}  // namespace

absl::Status MeasureSingleCall(const BenchContext& context) {
  Progress(kGroup);
  GL_ASSIGN_OR_RETURN(const NewServer server, StartNewServer(context, {.count_syncs = true}));
  const Channels channels({server.server->address()}, 1);
  const std::unique_ptr<Operation> submit = NewNewOperation(channels, {.series = "single"});
  GL_ASSIGN_OR_RETURN(const LimitResult post,
                      MeasurePostLimit({.url = PostUrl(server.simulator->address()),
                                        .api_key = kApiKey,
                                        .bodies = PostBodies(),
                                        .concurrency = 1,
                                        .duration = context.options->times.duration}));
  GL_ASSIGN_OR_RETURN(
      const Measurement submitted,
      MeasureClosedLoop(*submit, 1, context.options->times,
                        {.servers = {server.server->pid()}, .syncs = server.server->syncs()}));
  const double syncs = submitted.log_syncs_per_call.value_or(0);
  const absl::Duration disk = submitted.log_sync_time * syncs;
  Add(context, "NEW, p50", submitted.latency.p50, "");
  Add(context, "NEW, p99", submitted.latency.p99, "");
  context.report->figures.push_back({.group = kGroup,
                                     .name = "syncs of the log for each NEW",
                                     .value = syncs,
                                     .unit = "syncs",
                                     .goal = "at most 2"});
  // Means, because they add up.
  Add(context, "NEW, mean", submitted.latency.mean, "");
  Add(context, "the upstream's own time: a bare POST, mean", post.latency.Mean(), "");
  Add(context, "the syncs, mean", disk, "");
  Add(context, "NEW without upstream and syncs, mean",
      submitted.latency.mean - post.latency.Mean() - disk, "at most 0.3");
  return server.server->Stop();
}

}  // namespace genledger::bench
