#include "tests/bench/figures/store_size.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "service/base/status_macros.h"
#include "tests/bench/channels.h"
#include "tests/bench/figures/claim_cost.h"
#include "tests/bench/figures/measured_load.h"
#include "tests/bench/figures/new_server.h"
#include "tests/bench/figures/sample_store.h"
#include "tests/bench/rows/filled_rows.h"
#include "tests/bench/rows/store_filler.h"
#include "tests/bench/workloads/generation_operations.h"

namespace genledger::bench {
namespace {

class StoreOfSize {
 public:
  StoreOfSize(const BenchContext& context, int64_t size)
      : context_(context),
        options_(*context.options),
        size_(size),
        // The last row is as old as this run.
        rows_("filled", absl::Now() - absl::Microseconds(size)) {}

  absl::Status Run() {
    Progress(absl::StrCat("a store of ", size_, " submissions"));
    GL_ASSIGN_OR_RETURN(const SampleStore sample, MakeSampleStore(context_, true));
    path_ = sample.path;
    GL_RETURN_IF_ERROR(FillStore(path_, rows_, size_));
    Add("file, a submission",
        static_cast<double>(std::filesystem::file_size(path_)) / static_cast<double>(size_),
        "bytes", "");
    GL_RETURN_IF_ERROR(MeasureStarts());
    GL_RETURN_IF_ERROR(MeasureCalls());
    GL_ASSIGN_OR_RETURN(const ClaimCost claim, MeasureClaims(path_, options_.claims));
    Add("claim, CPU", absl::ToDoubleMicroseconds(claim.cpu), "us a submission",
        "within 1.3 times of each other");
    Add("claim of several, p50", absl::ToDoubleMilliseconds(claim.p50), "ms", "");
    return RemoveStore();
  }

 private:
  absl::Status MeasureStarts() {
    std::vector<absl::Duration> times;
    for (int i = 0; i < options_.starts; ++i) {
      GL_ASSIGN_OR_RETURN(const NewServer server, StartNewServer(context_, {.path = path_}));
      times.push_back(server.server->start_time());
      GL_RETURN_IF_ERROR(server.server->Stop());
    }
    std::sort(times.begin(), times.end());
    Add(absl::StrCat("start to serving, file in memory, median of ", times.size()),
        absl::ToDoubleMilliseconds(times[times.size() / 2]), "ms", "under 200 at 1 million");
    Add("start to serving, slowest", absl::ToDoubleMilliseconds(times.back()), "ms", "");
    return absl::OkStatus();
  }

  absl::Status MeasureCalls() {
    GL_ASSIGN_OR_RETURN(const NewServer server, StartNewServer(context_, {.path = path_}));
    const Channels channels({server.server->address()}, options_.connections);
    const KnownRows rows{.series = rows_.series(),
                         .spread = RowSpread(size_),
                         .id_of = [this](int64_t row) { return rows_.IdOf(row); }};
    GL_RETURN_IF_ERROR(MeasureCall("GET", *NewGetOperation(channels, rows), server));
    GL_RETURN_IF_ERROR(
        MeasureCall("DUPLICATE", *NewDuplicateOperation(channels, rows, false), server));
    GL_RETURN_IF_ERROR(MeasureCall("LIST, first page", *NewListOperation(channels), server));
    return server.server->Stop();
  }

  absl::Status MeasureCall(const std::string& name, Operation& operation, const NewServer& server) {
    GL_ASSIGN_OR_RETURN(const Measurement measurement,
                        MeasureClosedLoop(operation, options_.usual_concurrency, options_.times,
                                          {.servers = {server.server->pid()}}));
    Add(name + ", CPU", measurement.cpu_us_per_call, "us a call", "within 1.3 times of each other");
    Add(name + ", p50", absl::ToDoubleMilliseconds(measurement.latency.p50), "ms", "");
    return absl::OkStatus();
  }

  absl::Status RemoveStore() {
    std::error_code error;
    std::filesystem::remove(path_, error);
    return error ? absl::InternalError(absl::StrCat("cannot remove ", path_)) : absl::OkStatus();
  }

  void Add(std::string name, double value, std::string unit, std::string goal) {
    context_.report->figures.push_back({.group = absl::StrCat("store of ", size_),
                                        .name = std::move(name),
                                        .value = value,
                                        .unit = std::move(unit),
                                        .goal = std::move(goal)});
  }

  const BenchContext& context_;
  const BenchOptions& options_;
  const int64_t size_;
  const FilledRows rows_;
  std::string path_;
};

}  // namespace

absl::Status MeasureStoreSizes(const BenchContext& context) {
  for (const int64_t size : context.options->store_sizes) {
    GL_RETURN_IF_ERROR(StoreOfSize(context, size).Run());
  }
  return absl::OkStatus();
}

}  // namespace genledger::bench
