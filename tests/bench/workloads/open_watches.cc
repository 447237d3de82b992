#include "tests/bench/workloads/open_watches.h"

#include <grpcpp/grpcpp.h>

#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "genledger/v1/generation_service.grpc.pb.h"
#include "tests/bench/workloads/submission_content.h"
#include "tests/bench/workloads/unary_operation.h"

namespace genledger::bench {
namespace {

using v1::GenerationService;

constexpr absl::Duration kOpenPatience = absl::Minutes(1);

// What the streams have come to.
struct Tally {
  absl::Mutex mu;
  size_t open ABSL_GUARDED_BY(mu) = 0;   // told their first message
  size_t ended ABSL_GUARDED_BY(mu) = 0;  // for whatever reason
  absl::Status first_end ABSL_GUARDED_BY(mu);
};

class Stream final : public grpc::ClientReadReactor<v1::WatchSubmissionResponse> {
 public:
  Stream(std::string id, Tally* tally) : tally_(tally) { request_.set_id(std::move(id)); }

  void Start(GenerationService::Stub& stub) {
    stub.async()->WatchSubmission(&context_, &request_, this);
    StartRead(&response_);
    StartCall();
  }
  void Cancel() { context_.TryCancel(); }

  void OnReadDone(bool ok) override {
    if (!ok) {
      return;
    }
    if (!std::exchange(told_, true)) {
      absl::MutexLock lock(&tally_->mu);
      ++tally_->open;
    }
    StartRead(&response_);
  }

  void OnDone(const grpc::Status& status) override {
    absl::MutexLock lock(&tally_->mu);
    tally_->first_end.Update(status.ok() ? absl::InternalError("a stream ended by itself")
                                         : ToAbslStatus(status));
    ++tally_->ended;
  }

 private:
  grpc::ClientContext context_;
  v1::WatchSubmissionRequest request_;
  v1::WatchSubmissionResponse response_;
  Tally* const tally_;
  bool told_ = false;
};

class OpenWatchesImpl : public OpenWatches {
 public:
  OpenWatchesImpl(const Channels& channels, const std::vector<std::string>& ids)
      : stubs_(channels.Stubs<GenerationService>()) {
    for (size_t i = 0; i < ids.size(); ++i) {
      streams_.push_back(std::make_unique<Stream>(ids[i], &tally_));
      streams_.back()->Start(*stubs_[i % stubs_.size()]);
    }
  }

  ~OpenWatchesImpl() override {
    for (const std::unique_ptr<Stream>& stream : streams_) {
      stream->Cancel();
    }
    const auto all_ended = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(tally_.mu) {
      return tally_.ended == streams_.size();
    };
    absl::MutexLock lock(&tally_.mu, absl::Condition(&all_ended));
  }

  absl::Status AwaitOpen() {
    const auto settled = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(tally_.mu) {
      return tally_.open == streams_.size() || tally_.ended > 0;
    };
    absl::MutexLock lock(&tally_.mu);
    if (!tally_.mu.AwaitWithTimeout(absl::Condition(&settled), kOpenPatience)) {
      return absl::DeadlineExceededError(absl::StrCat("only ", tally_.open, " streams opened"));
    }
    return tally_.first_end;
  }

  absl::Status CheckAllOpen() override {
    absl::MutexLock lock(&tally_.mu);
    return tally_.first_end;
  }

 private:
  const std::vector<std::unique_ptr<GenerationService::Stub>> stubs_;
  Tally tally_;
  std::vector<std::unique_ptr<Stream>> streams_;
};

}  // namespace

absl::StatusOr<std::vector<std::string>> SubmitUnanswered(const Channels& channels,
                                                          std::string_view series, int64_t count) {
  const auto stubs = channels.Stubs<GenerationService>();
  std::vector<std::string> ids;
  for (int64_t row = 0; row < count; ++row) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
    v1::SubmitGenerationRequest request;
    FillSubmit(series, row, request);
    request.mutable_wait();  // zero: not at all
    v1::SubmitGenerationResponse response;
    const grpc::Status status = stubs.front()->SubmitGeneration(&context, request, &response);
    if (!status.ok()) {
      return ToAbslStatus(status);
    }
    ids.push_back(response.submission().id());
  }
  return ids;
}

absl::StatusOr<std::unique_ptr<OpenWatches>> OpenWatches::Start(
    const Channels& channels, const std::vector<std::string>& ids) {
  auto watches = std::make_unique<OpenWatchesImpl>(channels, ids);
  if (const absl::Status status = watches->AwaitOpen(); !status.ok()) {
    return status;
  }
  return std::unique_ptr<OpenWatches>(std::move(watches));
}

}  // namespace genledger::bench
