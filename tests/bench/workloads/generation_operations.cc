#include "tests/bench/workloads/generation_operations.h"

#include <atomic>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "genledger/v1/generation_service.grpc.pb.h"
#include "tests/bench/workloads/submission_content.h"
#include "tests/bench/workloads/unary_operation.h"

namespace genledger::bench {
namespace {

using v1::GenerationService;
using SubmitOperation = UnaryOperation<v1::SubmitGenerationRequest, v1::SubmitGenerationResponse>;
using GetOperation = UnaryOperation<v1::GetSubmissionRequest, v1::Submission>;
using ListOperation = UnaryOperation<v1::ListSubmissionsRequest, v1::ListSubmissionsResponse>;
using Stubs = std::vector<std::unique_ptr<GenerationService::Stub>>;

// Calls take turns on the connections.
class StubRing {
 public:
  explicit StubRing(const Channels& channels)
      : stubs_(std::make_shared<const Stubs>(channels.Stubs<GenerationService>())) {}

  // Of the call with that index.
  auto* Of(int64_t index) const {
    return (*stubs_)[static_cast<size_t>(index) % stubs_->size()]->async();
  }

 private:
  std::shared_ptr<const Stubs> stubs_;
};

absl::Status CheckSubmit(const v1::SubmitGenerationResponse& response,
                         v1::SubmitGenerationResponse::Dedupe wanted) {
  if (response.dedupe() != wanted ||
      response.submission().state() != v1::Submission::STATE_SUBMITTED) {
    return absl::InternalError(
        absl::StrCat("answered ", v1::SubmitGenerationResponse::Dedupe_Name(response.dedupe()),
                     ", ", v1::Submission::State_Name(response.submission().state())));
  }
  return absl::OkStatus();
}

auto SubmitThrough(const StubRing& stubs) {
  return [stubs](int64_t index, grpc::ClientContext* context,
                 const v1::SubmitGenerationRequest* request, v1::SubmitGenerationResponse* response,
                 std::function<void(grpc::Status)> done) {
    stubs.Of(index)->SubmitGeneration(context, request, response, std::move(done));
  };
}

class NewOperation : public Operation {
 public:
  NewOperation(const Channels& channels, NewOptions options)
      : options_(std::move(options)), stubs_(channels) {}

  void Start(int64_t, Done done) override {
    const int64_t row = next_row_.fetch_add(1);
    submit_.Start(row, std::move(done));
  }

  absl::StatusOr<MessageSizes> Measure() override {
    return measured_.MeasureCall(next_measured_.fetch_add(1));
  }

 private:
  void Fill(const std::string& series, int64_t row, v1::SubmitGenerationRequest& request) const {
    FillSubmit(series, row, request);
    if (options_.with_request_id) {
      request.set_request_id(RequestIdOf(series, row));
    }
    if (options_.wait > absl::ZeroDuration()) {
      request.mutable_wait()->set_seconds(absl::ToInt64Seconds(options_.wait));
    }
  }

  absl::Status Check(int64_t row, const v1::SubmitGenerationResponse& response) {
    if (options_.ids != nullptr && row < static_cast<int64_t>(options_.ids->size())) {
      (*options_.ids)[static_cast<size_t>(row)] = response.submission().id();
    }
    return CheckSubmit(response, v1::SubmitGenerationResponse::DEDUPE_CREATED);
  }

  const NewOptions options_;
  const StubRing stubs_;
  std::atomic<int64_t> next_row_{0};
  std::atomic<int64_t> next_measured_{0};
  SubmitOperation submit_{
      {.fill = [this](int64_t row, auto& request) { Fill(options_.series, row, request); },
       .call = SubmitThrough(stubs_),
       .check = [this](int64_t row, const auto& response) { return Check(row, response); }}};
  // The one that is measured is of a series of its own: rows of ours stay in their order.
  SubmitOperation measured_{
      {.fill = [this](int64_t row,
                      auto& request) { Fill(options_.series + "-measured", row, request); },
       .call = SubmitThrough(stubs_),
       .check =
           [](int64_t, const auto& response) {
             return CheckSubmit(response, v1::SubmitGenerationResponse::DEDUPE_CREATED);
           }}};
};

// One stream from its start to its end.
class WatchReader final : public grpc::ClientReadReactor<v1::WatchSubmissionResponse> {
 public:
  WatchReader(std::string id, Operation::Done done) : done_(std::move(done)) {
    request_.set_id(std::move(id));
  }

  // Deletes itself when the stream has ended.
  void Start(GenerationService::StubInterface::async_interface* stub, MessageSizes* sizes) {
    sizes_ = sizes;
    context_.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
    stub->WatchSubmission(&context_, &request_, this);
    StartRead(&response_);
    StartCall();
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      return;
    }
    bytes_ += response_.ByteSizeLong();
    if (response_.has_snapshot()) {
      state_ = response_.snapshot().state();
    } else if (response_.has_event()) {
      state_ = response_.event().state();
    }
    StartRead(&response_);
  }

  void OnDone(const grpc::Status& status) override {
    absl::Status result = ToAbslStatus(status);
    if (result.ok() && state_ != v1::Submission::STATE_SUBMITTED) {
      result = absl::InternalError(
          absl::StrCat("the stream ended with ", v1::Submission::State_Name(state_)));
    }
    if (sizes_ != nullptr) {
      *sizes_ = {.request_bytes = request_.ByteSizeLong(), .response_bytes = bytes_};
    }
    Operation::Done done = std::move(done_);
    delete this;
    done(std::move(result));
  }

 private:
  grpc::ClientContext context_;
  v1::WatchSubmissionRequest request_;
  v1::WatchSubmissionResponse response_;
  Operation::Done done_;
  MessageSizes* sizes_ = nullptr;
  size_t bytes_ = 0;
  v1::Submission::State state_ = v1::Submission::STATE_UNSPECIFIED;
};

class WatchOperation : public Operation {
 public:
  WatchOperation(const Channels& channels, KnownRows rows)
      : rows_(std::move(rows)), stubs_(channels) {}

  void Start(int64_t index, Done done) override { Watch(index, std::move(done), nullptr); }

  absl::StatusOr<MessageSizes> Measure() override {
    absl::Notification ended;
    absl::Status status;
    MessageSizes sizes;
    Watch(
        0,
        [&](absl::Status result) {
          status = std::move(result);
          ended.Notify();
        },
        &sizes);
    ended.WaitForNotification();
    return status.ok() ? absl::StatusOr<MessageSizes>(sizes) : status;
  }

 private:
  void Watch(int64_t index, Done done, MessageSizes* sizes) {
    auto* const reader = new WatchReader(rows_.id_of(rows_.spread.RowOf(index)), std::move(done));
    reader->Start(stubs_.Of(index), sizes);
  }

  const KnownRows rows_;
  const StubRing stubs_;
};

}  // namespace

std::unique_ptr<Operation> NewNewOperation(const Channels& channels, NewOptions options) {
  return std::make_unique<NewOperation>(channels, std::move(options));
}

std::unique_ptr<Operation> NewDuplicateOperation(const Channels& channels, KnownRows rows,
                                                 bool by_request_id) {
  const auto wanted = by_request_id ? v1::SubmitGenerationResponse::DEDUPE_REPLAYED
                                    : v1::SubmitGenerationResponse::DEDUPE_JOINED;
  return std::make_unique<SubmitOperation>(
      SubmitOperation::Steps{.fill =
                                 [rows = std::move(rows), by_request_id](
                                     int64_t index, v1::SubmitGenerationRequest& request) {
                                   const int64_t row = rows.spread.RowOf(index);
                                   FillSubmit(rows.series, row, request);
                                   if (by_request_id) {
                                     request.set_request_id(RequestIdOf(rows.series, row));
                                   }
                                 },
                             .call = SubmitThrough(StubRing(channels)),
                             .check =
                                 [wanted](int64_t, const v1::SubmitGenerationResponse& response) {
                                   return CheckSubmit(response, wanted);
                                 }});
}

std::unique_ptr<Operation> NewGetOperation(const Channels& channels, KnownRows rows) {
  return std::make_unique<GetOperation>(GetOperation::Steps{
      .fill =
          [rows = std::move(rows)](int64_t index, v1::GetSubmissionRequest& request) {
            request.set_id(rows.id_of(rows.spread.RowOf(index)));
            request.set_view(v1::SUBMISSION_VIEW_BASIC);
          },
      .call =
          [stubs = StubRing(channels)](
              int64_t index, grpc::ClientContext* context, const v1::GetSubmissionRequest* request,
              v1::Submission* response, std::function<void(grpc::Status)> done) {
            stubs.Of(index)->GetSubmission(context, request, response, std::move(done));
          },
      .check =
          [](int64_t, const v1::Submission& response) {
            return response.state() == v1::Submission::STATE_SUBMITTED
                       ? absl::OkStatus()
                       : absl::InternalError("what was read is not SUBMITTED");
          }});
}

std::unique_ptr<Operation> NewListOperation(const Channels& channels) {
  return std::make_unique<ListOperation>(ListOperation::Steps{
      .fill = [](int64_t, v1::ListSubmissionsRequest&) {},
      .call =
          [stubs = StubRing(channels)](int64_t index, grpc::ClientContext* context,
                                       const v1::ListSubmissionsRequest* request,
                                       v1::ListSubmissionsResponse* response,
                                       std::function<void(grpc::Status)> done) {
            stubs.Of(index)->ListSubmissions(context, request, response, std::move(done));
          },
      .check =
          [](int64_t, const v1::ListSubmissionsResponse& response) {
            return response.submissions_size() > 0 ? absl::OkStatus()
                                                   : absl::InternalError("the page is empty");
          }});
}

std::unique_ptr<Operation> NewWatchOperation(const Channels& channels, KnownRows rows) {
  return std::make_unique<WatchOperation>(channels, std::move(rows));
}

}  // namespace genledger::bench
