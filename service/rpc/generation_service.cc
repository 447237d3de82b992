#include "service/rpc/generation_service.h"

#include <memory>
#include <utility>

#include "service/api/access_line.h"
#include "service/rpc/unary_call.h"
#include "service/rpc/watch_stream.h"

namespace genledger {

grpc::ServerUnaryReactor* GenerationServiceImpl::SubmitGeneration(
    grpc::CallbackServerContext* context, const v1::SubmitGenerationRequest* request,
    v1::SubmitGenerationResponse* response) {
  return ServeUnary(*authenticator_, access_log_, context, *request, response, *api_,
                    &GenerationApi::SubmitGeneration);
}

grpc::ServerUnaryReactor* GenerationServiceImpl::GetSubmission(
    grpc::CallbackServerContext* context, const v1::GetSubmissionRequest* request,
    v1::Submission* response) {
  return ServeUnary(*authenticator_, access_log_, context, *request, response, *api_,
                    &GenerationApi::GetSubmission);
}

grpc::ServerUnaryReactor* GenerationServiceImpl::BatchGetSubmissions(
    grpc::CallbackServerContext* context, const v1::BatchGetSubmissionsRequest* request,
    v1::BatchGetSubmissionsResponse* response) {
  return ServeUnary(*authenticator_, access_log_, context, *request, response, *api_,
                    &GenerationApi::BatchGetSubmissions);
}

grpc::ServerUnaryReactor* GenerationServiceImpl::ListSubmissions(
    grpc::CallbackServerContext* context, const v1::ListSubmissionsRequest* request,
    v1::ListSubmissionsResponse* response) {
  return ServeUnary(*authenticator_, access_log_, context, *request, response, *api_,
                    &GenerationApi::ListSubmissions);
}

grpc::ServerUnaryReactor* GenerationServiceImpl::CancelSubmission(
    grpc::CallbackServerContext* context, const v1::CancelSubmissionRequest* request,
    v1::CancelSubmissionResponse* response) {
  return ServeUnary(*authenticator_, access_log_, context, *request, response, *api_,
                    &GenerationApi::CancelSubmission);
}

grpc::ServerUnaryReactor* GenerationServiceImpl::ReleaseDedupe(
    grpc::CallbackServerContext* context, const v1::ReleaseDedupeRequest* request,
    v1::Submission* response) {
  return ServeUnary(*authenticator_, access_log_, context, *request, response, *api_,
                    &GenerationApi::ReleaseDedupe);
}

grpc::ServerUnaryReactor* GenerationServiceImpl::ListModels(grpc::CallbackServerContext* context,
                                                            const v1::ListModelsRequest* request,
                                                            v1::ListModelsResponse* response) {
  return ServeUnary(*authenticator_, access_log_, context, *request, response, *api_,
                    &GenerationApi::ListModels);
}

grpc::ServerWriteReactor<v1::WatchSubmissionResponse>* GenerationServiceImpl::WatchSubmission(
    grpc::CallbackServerContext* context, const v1::WatchSubmissionRequest* request) {
  AccessLine line = LineOf<v1::WatchSubmissionRequest>(access_log_);
  absl::StatusOr<ApiCall> call = CallOf(*authenticator_, *context);
  if (!call.ok()) {
    return WatchStream::Refuse(context, std::move(line), call.status());
  }
  line.SetCaller(call->caller);
  absl::StatusOr<std::shared_ptr<SubmissionWatch>> watch =
      api_->WatchSubmission(*std::move(call), *request);
  return watch.ok() ? WatchStream::Start(context, std::move(line), *std::move(watch))
                    : WatchStream::Refuse(context, std::move(line), watch.status());
}

}  // namespace genledger
