#include "tests/bench/figures/disk.h"

#include <filesystem>
#include <memory>

#include "absl/strings/str_cat.h"
#include "service/base/status_macros.h"
#include "tests/bench/channels.h"
#include "tests/bench/figures/new_server.h"
#include "tests/bench/workloads/generation_operations.h"

namespace genledger::bench {
namespace {

absl::Status MeasureBytes(const BenchContext& context, bool with_request_id) {
  const BenchOptions& options = *context.options;
  GL_ASSIGN_OR_RETURN(const NewServer server, StartNewServer(context));
  const Channels channels({server.server->address()}, options.connections);
  const std::unique_ptr<Operation> submit =
      NewNewOperation(channels, {.series = "disk", .with_request_id = with_request_id});
  GL_RETURN_IF_ERROR(RunCalls(*submit, options.usual_concurrency, options.disk_rows).status());
  GL_RETURN_IF_ERROR(server.server->Stop());  // the log is in the file then
  const auto bytes = static_cast<double>(std::filesystem::file_size(server.path));
  context.report->figures.push_back(
      {.group = "disk",
       .name = absl::StrCat("a submission, ", with_request_id ? "with" : "without",
                            " request_id, of ", options.disk_rows),
       .value = bytes / static_cast<double>(options.disk_rows),
       .unit = "bytes",
       .goal = "at most 1 KB"});
  return absl::OkStatus();
}

}  // namespace

absl::Status MeasureDisk(const BenchContext& context) {
  Progress("disk");
  GL_RETURN_IF_ERROR(MeasureBytes(context, false));
  return MeasureBytes(context, true);
}

}  // namespace genledger::bench
