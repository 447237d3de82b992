#include "tests/bench/figures/throughput.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "service/base/status_macros.h"
#include "tests/bench/channels.h"
#include "tests/bench/figures/measured_load.h"
#include "tests/bench/figures/sample_store.h"
#include "tests/bench/limits/commit_limit.h"
#include "tests/bench/limits/post_limit.h"
#include "tests/bench/process_usage.h"
#include "tests/bench/workloads/echo_operation.h"
#include "tests/bench/workloads/generation_operations.h"
#include "tests/bench/workloads/post_bodies.h"

namespace genledger::bench {
namespace {

constexpr char kRowsSeries[] = "rows";
// Of the closed loop's rate: what an open loop sends.
constexpr double kOpenLoopShare = 0.5;
constexpr double kWritesOfSubmission = 2;

std::vector<std::string> AddressesOf(const std::vector<const Program*>& programs) {
  std::vector<std::string> addresses;
  for (const Program* program : programs) {
    addresses.push_back(program->address());
  }
  return addresses;
}

std::vector<pid_t> PidsOf(const std::vector<const Program*>& programs) {
  std::vector<pid_t> pids;
  for (const Program* program : programs) {
    pids.push_back(program->pid());
  }
  return pids;
}

Measurement AsMeasurement(const LimitResult& limit, std::string operation, int concurrency) {
  return {.setup = kLimitSetup,
          .operation = std::move(operation),
          .concurrency = concurrency,
          .calls = limit.calls,
          .calls_per_second = limit.calls_per_second(),
          .cpu_us_per_call = limit.cpu_us_per_call(),
          .latency = LatencyOf(limit.latency)};
}

class Throughput {
 public:
  Throughput(const BenchContext& context, const ThroughputSetup& setup)
      : context_(context),
        options_(*context.options),
        setup_(setup),
        channels_(AddressesOf(setup.servers), options_.connections, setup.identity) {}

  absl::Status Run() {
    GL_ASSIGN_OR_RETURN(echo_, context_.deployment->StartEcho());
    echo_channels_.emplace(std::vector<std::string>{echo_->address()}, options_.connections);
    GL_RETURN_IF_ERROR(PrepareRows());
    GL_RETURN_IF_ERROR(MeasureReads());
    GL_RETURN_IF_ERROR(MeasureNew("NEW", /*with_request_id=*/false));
    if (!setup_.essentials_only) {
      GL_RETURN_IF_ERROR(MeasureNew("NEW, request_id", /*with_request_id=*/true));
    }
    return AddPeakMemory();
  }

 private:
  absl::Status PrepareRows() {
    Progress(absl::StrCat(setup_.name, ": ", options_.rows, " rows to read and to repeat"));
    ids_.resize(static_cast<size_t>(options_.rows));
    const std::unique_ptr<Operation> submit =
        NewNewOperation(channels_, {.series = kRowsSeries, .with_request_id = true, .ids = &ids_});
    return RunCalls(*submit, options_.usual_concurrency, options_.rows).status();
  }

  KnownRows Rows() const {
    return {
        .series = kRowsSeries,
        .spread = RowSpread(options_.rows),
        .id_of = [this](int64_t row) { return ids_[static_cast<size_t>(row)]; },
    };
  }

  // Before anything is added to the store, so that they are spread over all that is there.
  absl::Status MeasureReads() {
    GL_RETURN_IF_ERROR(MeasureRead("DUPLICATE", NewDuplicateOperation(channels_, Rows(), false)));
    GL_RETURN_IF_ERROR(MeasureRead("GET", NewGetOperation(channels_, Rows())));
    if (setup_.essentials_only) {
      return absl::OkStatus();
    }
    GL_RETURN_IF_ERROR(
        MeasureRead("DUPLICATE, request_id", NewDuplicateOperation(channels_, Rows(), true)));
    GL_RETURN_IF_ERROR(MeasureRead("LIST", NewListOperation(channels_)));
    return MeasureRead("WATCH", NewWatchOperation(channels_, Rows()));
  }

  absl::Status MeasureRead(const std::string& name, std::unique_ptr<Operation> operation) {
    for (const int concurrency : setup_.concurrencies) {
      GL_ASSIGN_OR_RETURN(const Limit echo, MeasureEcho(name, *operation, concurrency));
      GL_ASSIGN_OR_RETURN(Measurement measurement, MeasureOperation(name, *operation, concurrency));
      measurement.limit = echo;
      context_.report->measurements.push_back(std::move(measurement));
    }
    return MeasureScheduled(name, *operation);
  }

  absl::Status MeasureNew(const std::string& name, bool with_request_id) {
    const std::unique_ptr<Operation> submit = NewNewOperation(
        channels_,
        {.series = with_request_id ? "new-id" : "new", .with_request_id = with_request_id});
    std::optional<SampleStore> sample;
    if (!setup_.sqlite_path.empty()) {
      GL_ASSIGN_OR_RETURN(sample, MakeSampleStore(context_, with_request_id));
    }
    for (const int concurrency : setup_.concurrencies) {
      GL_ASSIGN_OR_RETURN(const Limit echo, MeasureEcho(name, *submit, concurrency));
      GL_ASSIGN_OR_RETURN(const Limit post, MeasurePost(name, concurrency));
      GL_ASSIGN_OR_RETURN(Measurement measurement, MeasureOperation(name, *submit, concurrency));
      measurement.limit = SumOf(echo, post);
      if (sample.has_value()) {
        GL_ASSIGN_OR_RETURN(const Limit commit, MeasureCommit(name, *sample, measurement));
        measurement.limit = SumOf(*measurement.limit, commit);
      }
      context_.report->measurements.push_back(std::move(measurement));
    }
    return MeasureScheduled(name, *submit);
  }

  absl::StatusOr<Measurement> MeasureOperation(const std::string& name, Operation& operation,
                                               int concurrency) {
    Progress(absl::StrCat(setup_.name, ": ", name, ", ", concurrency, " in flight"));
    GL_ASSIGN_OR_RETURN(Measurement measurement,
                        MeasureClosedLoop(operation, concurrency, options_.times, Targets()));
    measurement.setup = setup_.name;
    measurement.operation = name;
    last_rate_ = measurement.calls_per_second;
    return measurement;
  }

  // Half of what the last closed loop came to, on a fixed schedule.
  absl::Status MeasureScheduled(const std::string& name, Operation& operation) {
    if (setup_.essentials_only) {
      return absl::OkStatus();
    }
    const double rate = std::max(1.0, std::floor(last_rate_ * kOpenLoopShare));
    Progress(absl::StrFormat("%s: %s, %.0f/s", setup_.name, name, rate));
    GL_ASSIGN_OR_RETURN(Measurement measurement,
                        MeasureOpenLoop(operation, rate, options_.times, Targets()));
    measurement.setup = setup_.name;
    measurement.operation = name;
    context_.report->measurements.push_back(std::move(measurement));
    return absl::OkStatus();
  }

  absl::StatusOr<Limit> MeasureEcho(const std::string& name, Operation& of, int concurrency) {
    GL_ASSIGN_OR_RETURN(const MessageSizes sizes, of.Measure());
    const std::unique_ptr<Operation> echo = NewEchoOperation(*echo_channels_, sizes);
    GL_ASSIGN_OR_RETURN(
        Measurement measurement,
        MeasureClosedLoop(*echo, concurrency, options_.times, {.servers = {echo_->pid()}}));
    measurement.setup = kLimitSetup;
    measurement.operation = absl::StrCat("echo of ", name, ", ", sizes.request_bytes, " + ",
                                         sizes.response_bytes, " B");
    const Limit limit = AsLimit("echo", measurement);
    context_.report->measurements.push_back(std::move(measurement));
    return limit;
  }

  absl::StatusOr<Limit> MeasurePost(const std::string& name, int concurrency) {
    const std::vector<std::string> bodies = PostBodies();
    const PostLimitOptions options{.url = PostUrl(setup_.simulator->address()),
                                   .api_key = kApiKey,
                                   .bodies = bodies,
                                   .concurrency = concurrency,
                                   .duration = options_.times.duration};
    GL_ASSIGN_OR_RETURN(const LimitResult result, MeasurePostLimit(options));
    Measurement measurement = AsMeasurement(
        result, absl::StrCat("POST of ", name, ", ", bodies.front().size(), " B"), concurrency);
    const Limit limit = AsLimit("POST", measurement);
    context_.report->measurements.push_back(std::move(measurement));
    return limit;
  }

  // In groups as large as the server's were.
  absl::StatusOr<Limit> MeasureCommit(const std::string& name, const SampleStore& sample,
                                      const Measurement& server) {
    const double syncs = server.log_syncs_per_call.value_or(kWritesOfSubmission);
    const int writes = std::max(1, static_cast<int>(std::lround(kWritesOfSubmission / syncs)));
    GL_ASSIGN_OR_RETURN(const LimitResult result,
                        MeasureCommitLimit({.path = context_.deployment->NewFile("limit.db"),
                                            .schema = sample.schema,
                                            .rows = sample.rows,
                                            .writes_per_commit = writes,
                                            .duration = options_.times.duration}));
    Measurement measurement =
        AsMeasurement(result, absl::StrCat("commits of ", name, ", ", writes, " writes each"),
                      server.concurrency);
    const Limit limit = AsLimit("commits", measurement);
    context_.report->measurements.push_back(std::move(measurement));
    return limit;
  }

  absl::Status AddPeakMemory() {
    for (size_t i = 0; i < setup_.servers.size(); ++i) {
      GL_ASSIGN_OR_RETURN(const ProcessSize size, SizeOf(setup_.servers[i]->pid()));
      const std::string which = setup_.servers.size() > 1 ? absl::StrCat(", the ", i + 1, ".") : "";
      context_.report->figures.push_back(
          {.group = "peak memory",
           .name = absl::StrCat(setup_.name, which, ", after these loads"),
           .value = static_cast<double>(size.resident_bytes_max) / (1 << 20),
           .unit = "MiB"});
    }
    return absl::OkStatus();
  }

  MeterTargets Targets() const {
    return {.servers = PidsOf(setup_.servers),
            .database = setup_.database,
            .syncs = setup_.servers.front()->syncs()};
  }

  const BenchContext& context_;
  const BenchOptions& options_;
  const ThroughputSetup& setup_;
  const Channels channels_;
  std::unique_ptr<Program> echo_;
  std::optional<Channels> echo_channels_;
  SubmissionIds ids_;
  double last_rate_ = 0;
};

}  // namespace

absl::Status MeasureThroughput(const BenchContext& context, const ThroughputSetup& setup) {
  return Throughput(context, setup).Run();
}

}  // namespace genledger::bench
