// An operation that is one unary gRPC call, through the callback API.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "tests/bench/workloads/operation.h"

namespace genledger::bench {

// A call that is not answered by then has failed.
inline constexpr std::chrono::seconds kCallDeadline{60};

inline absl::Status ToAbslStatus(const grpc::Status& status) {
  return status.ok() ? absl::OkStatus()
                     : absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                                    status.error_message());
}

template <typename Request, typename Response>
class UnaryOperation : public Operation {
 public:
  // All thread safe.
  struct Steps {
    std::function<void(int64_t index, Request& request)> fill;
    // Hands the call to a stub's asynchronous method.
    std::function<void(int64_t index, grpc::ClientContext* context, const Request* request,
                       Response* response, std::function<void(grpc::Status)> done)>
        call;
    std::function<absl::Status(int64_t index, const Response& response)> check;
  };

  explicit UnaryOperation(Steps steps) : steps_(std::move(steps)) {}

  void Start(int64_t index, Done done) override {
    auto call = std::make_unique<Call>();
    call->done = std::move(done);
    StartCall(index, std::move(call));
  }

  absl::StatusOr<MessageSizes> Measure() override { return MeasureCall(0); }

  // Measures the call with that index.
  absl::StatusOr<MessageSizes> MeasureCall(int64_t index) {
    absl::Notification ended;
    absl::Status status;
    MessageSizes sizes;
    auto call = std::make_unique<Call>();
    call->sizes = &sizes;
    call->done = [&](absl::Status result) {
      status = std::move(result);
      ended.Notify();
    };
    StartCall(index, std::move(call));
    ended.WaitForNotification();
    return status.ok() ? absl::StatusOr<MessageSizes>(sizes) : status;
  }

 private:
  struct Call {
    grpc::ClientContext context;
    Request request;
    Response response;
    Done done;
    MessageSizes* sizes = nullptr;  // where to put them
  };

  void StartCall(int64_t index, std::unique_ptr<Call> owned) {
    Call* const call = owned.release();  // its end takes it back
    call->context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
    steps_.fill(index, call->request);
    steps_.call(index, &call->context, &call->request, &call->response,
                [this, index, call](const grpc::Status& status) {
                  End(index, std::unique_ptr<Call>(call), status);
                });
  }

  void End(int64_t index, std::unique_ptr<Call> call, const grpc::Status& status) {
    if (call->sizes != nullptr) {
      *call->sizes = {.request_bytes = call->request.ByteSizeLong(),
                      .response_bytes = call->response.ByteSizeLong()};
    }
    absl::Status result = status.ok() ? steps_.check(index, call->response) : ToAbslStatus(status);
    Done done = std::move(call->done);
    call.reset();
    done(std::move(result));
  }

  const Steps steps_;
};

}  // namespace genledger::bench
