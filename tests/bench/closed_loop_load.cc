// Drives a running server in a closed loop and prints what it did: calls a second, latency
// percentiles, and the CPU time that the server process spent on each call. The workload is stated
// in the output line.
//
//   closed_loop_load --server=127.0.0.1:50051 --server_pid=PID --operation=new --concurrency=64
//   --calls=50000
//
// Operations: new (every call submits other content), duplicate (submits content that is already
// there, spread evenly over --rows rows, which it creates first), get (reads by id, spread the same
// way).

#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "genledger/v1/generation_service.grpc.pb.h"

ABSL_FLAG(std::string, server, "127.0.0.1:50051", "address of the server");
ABSL_FLAG(int32_t, server_pid, 0, "process whose CPU time is measured; 0: none");
ABSL_FLAG(std::string, operation, "new", "new, duplicate or get");
ABSL_FLAG(int32_t, concurrency, 64, "calls in flight");
ABSL_FLAG(int32_t, channels, 4, "TCP connections");
ABSL_FLAG(int32_t, calls, 50000, "calls to make");
ABSL_FLAG(int32_t, rows, 10000, "for duplicate and get: how many submissions to spread over");
ABSL_FLAG(bool, request_ids, false, "send a request_id with every submit");

namespace genledger {
namespace {

// CPU seconds of a process, user and system.
double CpuSeconds(int pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
  std::string text{std::istreambuf_iterator<char>(file), {}};
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) {
    return 0;
  }
  std::istringstream rest(text.substr(name_end + 2));
  std::string field;
  double ticks = 0;
  for (int i = 3; i <= 15 && rest >> field; ++i) {
    if (i >= 14) {
      ticks += std::stod(field);
    }
  }
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

class Load {
 public:
  Load() : salt_(absl::StrCat(absl::ToUnixNanos(absl::Now()))) {
    for (int i = 0; i < absl::GetFlag(FLAGS_channels); ++i) {
      grpc::ChannelArguments arguments;
      arguments.SetInt("load.channel", i);  // another connection, not a shared one
      stubs_.push_back(v1::GenerationService::NewStub(grpc::CreateCustomChannel(
          absl::GetFlag(FLAGS_server), grpc::InsecureChannelCredentials(), arguments)));
    }
  }

  // Makes `calls` calls of `operation` with `concurrency` in flight.
  void Run(const std::string& operation, int calls, int concurrency) {
    operation_ = operation;
    calls_ = calls;
    next_ = 0;
    failures_ = 0;
    latencies_us_.assign(calls, 0);
    absl::BlockingCounter left(concurrency);
    left_ = &left;
    for (int i = 0; i < concurrency; ++i) {
      Next();
    }
    left.Wait();
  }

  void set_ids(std::vector<std::string> ids) { ids_ = std::move(ids); }
  std::vector<std::string> TakeIds() { return std::move(created_ids_); }
  void RememberIds(int rows) { created_ids_.assign(rows, ""); }
  int failures() const { return failures_; }
  double PercentileUs(double p) {
    std::sort(latencies_us_.begin(), latencies_us_.end());
    return latencies_us_[static_cast<size_t>(p * static_cast<double>(latencies_us_.size() - 1))];
  }

 private:
  struct Call {
    grpc::ClientContext context;
    v1::SubmitGenerationRequest submit;
    v1::SubmitGenerationResponse submitted;
    v1::GetSubmissionRequest get;
    v1::Submission got;
    absl::Time start;
    int index = 0;
  };

  void FillSubmit(int row, v1::SubmitGenerationRequest& request) {
    v1::GenerationSpec& spec = *request.mutable_spec();
    spec.set_model("veo3.1-fast");
    spec.set_prompt(
        absl::StrCat("A dolphin leaps out of a clear blue sea, take ", salt_, "/", row));
    spec.set_duration(8);
    spec.set_aspect_ratio("16:9");
    spec.add_image_urls(
        "https://cdn.example.com/doc/9998238783208208-9972597b-255d-4e7e-9649-e6ee38a837aa.png");
    if (absl::GetFlag(FLAGS_request_ids)) {
      request.set_request_id(absl::StrCat("job-", salt_, "-", row));
    }
  }

  void Next() {
    const int index = next_.fetch_add(1);
    if (index >= calls_) {
      left_->DecrementCount();
      return;
    }
    auto* call = new Call;
    call->index = index;
    call->context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    call->start = absl::Now();
    v1::GenerationService::Stub& stub = *stubs_[index % stubs_.size()];
    const auto done = [this, call](grpc::Status status) { OnDone(call, status); };
    if (operation_ == "get") {
      call->get.set_id(ids_[Spread(index)]);
      call->get.set_view(v1::SUBMISSION_VIEW_BASIC);
      stub.async()->GetSubmission(&call->context, &call->get, &call->got, done);
    } else {
      FillSubmit(operation_ == "new" ? index : Spread(index), call->submit);
      stub.async()->SubmitGeneration(&call->context, &call->submit, &call->submitted, done);
    }
  }

  // Visits every row once before any row twice, far apart from one call to the next.
  int Spread(int index) const {
    constexpr int64_t kPrime = 7919;
    return static_cast<int>(index * kPrime % static_cast<int64_t>(ids_.size()));
  }

  void OnDone(Call* call, const grpc::Status& status) {
    latencies_us_[call->index] = absl::ToDoubleMicroseconds(absl::Now() - call->start);
    const bool good = status.ok() && (operation_ == "get" || call->submitted.submission().state() ==
                                                                 v1::Submission::STATE_SUBMITTED);
    if (!good && failures_.fetch_add(1) == 0) {
      std::fprintf(stderr, "first failure: %s\n", status.error_message().c_str());
    }
    if (operation_ == "new" && call->index < static_cast<int>(created_ids_.size())) {
      created_ids_[call->index] = call->submitted.submission().id();
    }
    delete call;
    Next();
  }

  const std::string salt_;
  std::vector<std::unique_ptr<v1::GenerationService::Stub>> stubs_;
  std::string operation_;
  int calls_ = 0;
  std::atomic<int> next_{0};
  std::atomic<int> failures_{0};
  std::vector<double> latencies_us_;
  std::vector<std::string> ids_;
  std::vector<std::string> created_ids_;
  absl::BlockingCounter* left_ = nullptr;
};

int Main() {
  const std::string operation = absl::GetFlag(FLAGS_operation);
  const int concurrency = absl::GetFlag(FLAGS_concurrency);
  const int calls = absl::GetFlag(FLAGS_calls);
  const int pid = absl::GetFlag(FLAGS_server_pid);
  Load load;
  if (operation != "new") {
    const int rows = absl::GetFlag(FLAGS_rows);
    load.RememberIds(rows);
    load.Run("new", rows, concurrency);
    load.set_ids(load.TakeIds());
  }
  const double cpu_before = CpuSeconds(pid);
  const absl::Time start = absl::Now();
  load.Run(operation, calls, concurrency);
  const double seconds = absl::ToDoubleSeconds(absl::Now() - start);
  const double cpu_us = (CpuSeconds(pid) - cpu_before) * 1e6 / calls;
  std::printf(
      "%s concurrency %d, %d calls: %.0f/s, p50 %.2f ms, p99 %.2f ms, p99.9 %.2f ms, server CPU "
      "%.1f us/call, "
      "%d failed\n",
      operation.c_str(), concurrency, calls, calls / seconds, load.PercentileUs(0.5) / 1e3,
      load.PercentileUs(0.99) / 1e3, load.PercentileUs(0.999) / 1e3, cpu_us, load.failures());
  return load.failures() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace genledger

int main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  return genledger::Main();
}
