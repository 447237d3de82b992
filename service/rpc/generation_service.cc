#include "service/rpc/generation_service.h"

#include <chrono>
#include <memory>
#include <string_view>
#include <utility>

#include "service/base/errors.h"
#include "service/domain/model_catalog.h"
#include "service/rpc/proto_convert.h"
#include "service/rpc/status_convert.h"

namespace genledger {
namespace {

// One unary call. A caller that hangs up ends the waiting, never the work.
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

absl::StatusOr<Principal> Caller(Authenticator& authenticator,
                                 const grpc::CallbackServerContext& context) {
  const auto& metadata = context.client_metadata();
  const auto header = metadata.find("authorization");
  return authenticator.Authenticate(
      header == metadata.end() ? std::string_view()
                               : std::string_view(header->second.data(), header->second.size()));
}

absl::Time DeadlineOf(const grpc::CallbackServerContext& context) {
  const std::chrono::system_clock::time_point deadline = context.deadline();
  return deadline == std::chrono::system_clock::time_point::max() ? absl::InfiniteFuture()
                                                                  : absl::FromChrono(deadline);
}

bool WantsAttempts(v1::SubmissionView view, bool full_by_default) {
  return view == v1::SUBMISSION_VIEW_UNSPECIFIED ? full_by_default
                                                 : view == v1::SUBMISSION_VIEW_FULL;
}

void PreviewToProto(const PreviewAnswer& answer, v1::SubmitGenerationResponse::Preview* proto) {
  SpecToProto(answer.spec.value(), proto->mutable_canonical_spec());
  proto->set_request_hash(answer.request_hash.ToHex());
  proto->set_hash_version(answer.hash_version);
  proto->set_would(static_cast<v1::SubmitGenerationResponse::Dedupe>(answer.outcome.would));
  proto->set_submission_id(answer.outcome.submission_id.value());
}

GetInput GetInputFromProto(const v1::GetSubmissionRequest& request) {
  GetInput input{.tenant = request.tenant(),
                 .with_attempts = WantsAttempts(request.view(), /*full_by_default=*/true),
                 .wait_for_revision_after = request.wait_for_revision_after(),
                 .wait = DurationFromProto(request.wait())};
  switch (request.key_case()) {
    case v1::GetSubmissionRequest::kId:
      input.key_kind = GetInput::KeyKind::kId;
      input.key = request.id();
      break;
    case v1::GetSubmissionRequest::kRequestId:
      input.key_kind = GetInput::KeyKind::kRequestId;
      input.key = request.request_id();
      break;
    case v1::GetSubmissionRequest::kTaskId:
      input.key_kind = GetInput::KeyKind::kTaskId;
      input.key = request.task_id();
      break;
    case v1::GetSubmissionRequest::KEY_NOT_SET:
      break;
  }
  return input;
}

}  // namespace

grpc::ServerUnaryReactor* GenerationServiceImpl::SubmitGeneration(
    grpc::CallbackServerContext* context, const v1::SubmitGenerationRequest* request,
    v1::SubmitGenerationResponse* response) {
  auto* call = new UnaryCall(context);
  const absl::StatusOr<Principal> caller = Caller(*authenticator_, *context);
  if (!caller.ok()) {
    call->FinishWith(caller.status());
    return call;
  }
  SubmitInput input = SubmitInputFromProto(*request);
  input.deadline = DeadlineOf(*context);
  if (request->validate_only()) {
    service_->Preview(*caller, std::move(input),
                      [call, response](absl::StatusOr<PreviewAnswer> answer) {
                        if (answer.ok()) {
                          PreviewToProto(*answer, response->mutable_preview());
                        }
                        call->FinishWith(answer.status());
                      });
    return call;
  }
  call->set_handle(service_->Submit(
      *caller, std::move(input), [call, response](absl::StatusOr<SubmitAnswer> answer) {
        if (answer.ok()) {
          SubmissionToProto(answer->submission, {}, response->mutable_submission());
          response->set_dedupe(static_cast<v1::SubmitGenerationResponse::Dedupe>(answer->dedupe));
        }
        call->FinishWith(answer.status());
      }));
  return call;
}

grpc::ServerUnaryReactor* GenerationServiceImpl::GetSubmission(
    grpc::CallbackServerContext* context, const v1::GetSubmissionRequest* request,
    v1::Submission* response) {
  auto* call = new UnaryCall(context);
  const absl::StatusOr<Principal> caller = Caller(*authenticator_, *context);
  if (!caller.ok()) {
    call->FinishWith(caller.status());
    return call;
  }
  GetInput input = GetInputFromProto(*request);
  input.deadline = DeadlineOf(*context);
  call->set_handle(service_->Get(
      *caller, std::move(input), [call, response](absl::StatusOr<SubmissionWithAttempts> found) {
        if (found.ok()) {
          SubmissionToProto(found->submission, found->attempts, response);
        }
        call->FinishWith(found.status());
      }));
  return call;
}

grpc::ServerUnaryReactor* GenerationServiceImpl::BatchGetSubmissions(
    grpc::CallbackServerContext* context, const v1::BatchGetSubmissionsRequest* request,
    v1::BatchGetSubmissionsResponse* response) {
  auto* call = new UnaryCall(context);
  const absl::StatusOr<Principal> caller = Caller(*authenticator_, *context);
  if (!caller.ok()) {
    call->FinishWith(caller.status());
    return call;
  }
  BatchGetInput input{.tenant = request->tenant(),
                      .ids = {request->ids().begin(), request->ids().end()},
                      .with_attempts = WantsAttempts(request->view(), /*full_by_default=*/true)};
  service_->BatchGet(*caller, std::move(input),
                     [call, response](absl::StatusOr<std::vector<SubmissionWithAttempts>> found) {
                       if (found.ok()) {
                         for (const SubmissionWithAttempts& one : *found) {
                           SubmissionToProto(one.submission, one.attempts,
                                             response->add_submissions());
                         }
                       }
                       call->FinishWith(found.status());
                     });
  return call;
}

grpc::ServerUnaryReactor* GenerationServiceImpl::ListSubmissions(
    grpc::CallbackServerContext* context, const v1::ListSubmissionsRequest* request,
    v1::ListSubmissionsResponse* response) {
  auto* call = new UnaryCall(context);
  const absl::StatusOr<Principal> caller = Caller(*authenticator_, *context);
  if (!caller.ok()) {
    call->FinishWith(caller.status());
    return call;
  }
  ListInput input{.tenant = request->tenant(),
                  .page_size = request->page_size(),
                  .page_token = request->page_token(),
                  .filter = request->filter(),
                  .order_by = request->order_by(),
                  .with_attempts = WantsAttempts(request->view(), /*full_by_default=*/false)};
  service_->List(*caller, std::move(input), [call, response](absl::StatusOr<ListAnswer> page) {
    if (page.ok()) {
      for (const SubmissionWithAttempts& one : page->submissions) {
        SubmissionToProto(one.submission, one.attempts, response->add_submissions());
      }
      response->set_next_page_token(page->next_page_token);
    }
    call->FinishWith(page.status());
  });
  return call;
}

grpc::ServerUnaryReactor* GenerationServiceImpl::ListModels(grpc::CallbackServerContext* context,
                                                            const v1::ListModelsRequest*,
                                                            v1::ListModelsResponse* response) {
  auto* call = new UnaryCall(context);
  const absl::StatusOr<Principal> caller = Caller(*authenticator_, *context);
  if (caller.ok()) {
    for (const ModelCapabilities& model : ModelCatalog()) {
      ModelToProto(model, response->add_models());
    }
  }
  call->FinishWith(caller.status());
  return call;
}

}  // namespace genledger
