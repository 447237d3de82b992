// What all gRPC handlers share: one unary call, who makes it, and until when its caller listens.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "service/auth/authenticator.h"
#include "service/dispatch/submission_service.h"
#include "service/rpc/status_convert.h"

namespace genledger {

// A caller that hangs up ends the waiting, never the work. Deletes itself when gRPC is done with
// it.
class UnaryCall final : public grpc::ServerUnaryReactor {
 public:
  explicit UnaryCall(grpc::CallbackServerContext* context) : context_(context) {}

  // Before the handler returns: gRPC calls nothing of this object earlier.
  void set_handle(std::shared_ptr<CallHandle> handle) { handle_ = std::move(handle); }

  void FinishWith(const absl::Status& status) {
    Finish(status.ok() ? grpc::Status::OK : FinishWithError(context_, status));
  }

 private:
  void OnCancel() override {
    if (handle_ != nullptr) {
      handle_->StopWaiting();
    }
  }
  void OnDone() override { delete this; }

  grpc::CallbackServerContext* const context_;
  std::shared_ptr<CallHandle> handle_;
};

inline absl::StatusOr<Principal> Caller(Authenticator& authenticator,
                                        const grpc::CallbackServerContext& context) {
  const auto& metadata = context.client_metadata();
  const auto header = metadata.find("authorization");
  return authenticator.Authenticate(
      header == metadata.end() ? std::string_view()
                               : std::string_view(header->second.data(), header->second.size()));
}

// How every unary handler begins: `serve(caller, call)`, which ends in call->FinishWith once, now
// or later; a caller that is not known is refused.
template <typename Serve>
UnaryCall* ServeCaller(Authenticator& authenticator, grpc::CallbackServerContext* context,
                       Serve serve) {
  auto* call = new UnaryCall(context);
  const absl::StatusOr<Principal> caller = Caller(authenticator, *context);
  if (caller.ok()) {
    serve(*caller, call);
  } else {
    call->FinishWith(caller.status());
  }
  return call;
}

// Until the call's deadline. gRPC measures it and only tells it as a time of the wall clock, so it
// is taken from that at once.
inline absl::Duration TimeLeftOf(const grpc::CallbackServerContext& context) {
  const std::chrono::system_clock::time_point deadline = context.deadline();
  return deadline == std::chrono::system_clock::time_point::max()
             ? absl::InfiniteDuration()
             : absl::FromChrono(deadline) - absl::Now();
}

}  // namespace genledger
