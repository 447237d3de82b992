// What all gRPC handlers share: one unary call, who makes it, and until when its caller listens.
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "service/api/access_line.h"
#include "service/api/api_call.h"
#include "service/auth/authenticator.h"
#include "service/auth/client_names.h"
#include "service/base/access_log.h"
#include "service/base/principal.h"
#include "service/base/status_macros.h"
#include "service/rpc/status_convert.h"

namespace genledger {

// One call between its handler and its answer. An answer that is there before the handler returns,
// as that of every read is, leaves by gRPC's default reactor: gRPC runs the end of such a call at
// once, and that of any other reactor on a thread of its executor. Deletes itself when gRPC is done
// with it.
class UnaryCall final : public grpc::ServerUnaryReactor {
 public:
  UnaryCall(grpc::CallbackServerContext* context, AccessLine line)
      : context_(context), line_(std::move(line)) {}

  void SetCaller(const Principal& caller) { line_.SetCaller(caller); }

  // On any thread, once.
  void Answer(const absl::Status& status) {
    line_.End(status);
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
  AccessLine line_;
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

// The names of the client's certificate; none without one.
inline std::vector<std::string> CertificateNamesOf(const grpc::CallbackServerContext& context) {
  std::vector<std::string> names;
  const std::shared_ptr<const grpc::AuthContext> peer = context.auth_context();
  if (peer == nullptr || !peer->IsPeerAuthenticated()) {
    return names;
  }
  for (const grpc::string_ref& uri : peer->FindPropertyValues(GRPC_PEER_URI_PROPERTY_NAME)) {
    if (std::string name = ClientNameOfUri({uri.data(), uri.size()}); !name.empty()) {
      names.push_back(std::move(name));
    }
  }
  for (const grpc::string_ref& host : peer->FindPropertyValues(GRPC_PEER_DNS_PROPERTY_NAME)) {
    names.push_back(ClientNameOfDns({host.data(), host.size()}));
  }
  return names;
}

// Who calls, and until when; a caller that is not known is refused.
inline absl::StatusOr<ApiCall> CallOf(Authenticator& authenticator,
                                      const grpc::CallbackServerContext& context) {
  const auto& metadata = context.client_metadata();
  const auto header = metadata.find("authorization");
  ApiCall call{.time_left = TimeLeftOf(context)};
  GL_ASSIGN_OR_RETURN(
      call.caller,
      authenticator.Authenticate(
          {.authorization = header == metadata.end()
                                ? std::string_view()
                                : std::string_view(header->second.data(), header->second.size()),
           .certificate_names = [&context] { return CertificateNamesOf(context); }}));
  return call;
}

// "GetSubmission": every method has a request of its own, which is named after it.
template <typename Request>
std::string_view MethodNameOf() {
  static const std::string_view name = [] {
    std::string_view request = Request::descriptor()->name();
    request.remove_suffix(std::string_view("Request").size());
    return request;
  }();
  return name;
}

// The line of a call that has just come.
template <typename Request>
AccessLine LineOf(AccessLog* access_log) {
  return {access_log, "grpc", MethodNameOf<Request>()};
}

// Every unary handler: `serve` is the method of `api` that answers it. gRPC keeps request and
// response until the call is finished. `access_log`: null, it is not told.
template <typename Api, typename Request, typename Response>
grpc::ServerUnaryReactor* ServeUnary(Authenticator& authenticator, AccessLog* access_log,
                                     grpc::CallbackServerContext* context, const Request& request,
                                     Response* response, Api& api,
                                     ApiHandle (Api::*serve)(ApiCall, const Request&, Response*,
                                                             ApiDone)) {
  auto* unary = new UnaryCall(context, LineOf<Request>(access_log));
  absl::StatusOr<ApiCall> call = CallOf(authenticator, *context);
  if (!call.ok()) {
    unary->Answer(call.status());
    return unary->EndHandler(nullptr);
  }
  unary->SetCaller(call->caller);
  return unary->EndHandler(
      (api.*serve)(*std::move(call), request, response,
                   [unary](const absl::Status& status) { unary->Answer(status); }));
}

}  // namespace genledger
