// What all gRPC handlers share: one unary call, who makes it, and until when its caller listens.
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "service/api/api_call.h"
#include "service/auth/authenticator.h"
#include "service/base/status_macros.h"
#include "service/rpc/status_convert.h"

namespace genledger {

// One call between its handler and its answer. An answer that is there before the handler returns,
// as that of every read is, leaves by gRPC's default reactor: gRPC runs the end of such a call at
// once, and that of any other reactor on a thread of its executor. Deletes itself when gRPC is done
// with it.
class UnaryCall final : public grpc::ServerUnaryReactor {
 public:
  explicit UnaryCall(grpc::CallbackServerContext* context) : context_(context) {}

  // On any thread, once.
  void Answer(const absl::Status& status) {
    if (!status.ok()) {
      status_ = FinishWithError(context_, status);
    }
    if (IsSecond()) {
      Finish(std::move(status_));
    }
  }

  // What the handler returns, at its end. `handle` gives up waiting; null: it does not wait. A
  // caller that hangs up ends the waiting, never the work.
  grpc::ServerUnaryReactor* EndHandler(ApiHandle handle) {
    handle_ = std::move(handle);
    if (!IsSecond()) {
      return this;
    }
    grpc::ServerUnaryReactor* const answered = context_->DefaultReactor();
    answered->Finish(std::move(status_));
    delete this;
    return answered;
  }

 private:
  // Of the answer and the handler's end; the second one finishes the call.
  bool IsSecond() { return one_happened_.exchange(true, std::memory_order_acq_rel); }

  void OnCancel() override {
    if (handle_ != nullptr) {
      handle_->StopWaiting();
    }
  }
  void OnDone() override { delete this; }

  grpc::CallbackServerContext* const context_;
  ApiHandle handle_;
  grpc::Status status_;
  std::atomic<bool> one_happened_{false};
};

// Until the call's deadline. gRPC measures it and only tells it as a time of the wall clock, so it
// is taken from that at once.
inline absl::Duration TimeLeftOf(const grpc::CallbackServerContext& context) {
  const std::chrono::system_clock::time_point deadline = context.deadline();
  return deadline == std::chrono::system_clock::time_point::max()
             ? absl::InfiniteDuration()
             : absl::FromChrono(deadline) - absl::Now();
}

// Who calls, and until when; a caller that is not known is refused.
inline absl::StatusOr<ApiCall> CallOf(Authenticator& authenticator,
                                      const grpc::CallbackServerContext& context) {
  const auto& metadata = context.client_metadata();
  const auto header = metadata.find("authorization");
  ApiCall call{.time_left = TimeLeftOf(context)};
  GL_ASSIGN_OR_RETURN(call.caller,
                      authenticator.Authenticate(
                          header == metadata.end()
                              ? std::string_view()
                              : std::string_view(header->second.data(), header->second.size())));
  return call;
}

// Every unary handler: `serve` is the method of `api` that answers it. gRPC keeps request and
// response until the call is finished.
template <typename Api, typename Request, typename Response>
grpc::ServerUnaryReactor* ServeUnary(Authenticator& authenticator,
                                     grpc::CallbackServerContext* context, const Request& request,
                                     Response* response, Api& api,
                                     ApiHandle (Api::*serve)(ApiCall, const Request&, Response*,
                                                             ApiDone)) {
  auto* unary = new UnaryCall(context);
  absl::StatusOr<ApiCall> call = CallOf(authenticator, *context);
  if (!call.ok()) {
    unary->Answer(call.status());
    return unary->EndHandler(nullptr);
  }
  return unary->EndHandler(
      (api.*serve)(*std::move(call), request, response,
                   [unary](const absl::Status& status) { unary->Answer(status); }));
}

}  // namespace genledger
