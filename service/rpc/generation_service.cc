#include "service/rpc/generation_service.h"

#include <chrono>
#include <memory>
#include <string_view>
#include <utility>

#include "service/base/errors.h"
#include "service/domain/model_catalog.h"
#include "service/rpc/proto_convert.h"
#include "service/rpc/unary_call.h"
#include "service/rpc/watch_stream.h"

namespace genledger {
namespace {

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
      input.key = {NamedKey::Kind::kId, request.id()};
      break;
    case v1::GetSubmissionRequest::kRequestId:
      input.key = {NamedKey::Kind::kRequestId, request.request_id()};
      break;
    case v1::GetSubmissionRequest::kTaskId:
      input.key = {NamedKey::Kind::kTaskId, request.task_id()};
      break;
    case v1::GetSubmissionRequest::KEY_NOT_SET:
      break;
  }
  return input;
}

// The key of a request that names a submission by id or request_id.
template <typename Request>
NamedKey KeyFromProto(const Request& request) {
  switch (request.key_case()) {
    case Request::kId:
      return {NamedKey::Kind::kId, request.id()};
    case Request::kRequestId:
      return {NamedKey::Kind::kRequestId, request.request_id()};
    default:
      return {};
  }
}

}  // namespace

grpc::ServerUnaryReactor* GenerationServiceImpl::SubmitGeneration(
    grpc::CallbackServerContext* context, const v1::SubmitGenerationRequest* request,
    v1::SubmitGenerationResponse* response) {
  return ServeCaller(*authenticator_, context, [&](const Principal& caller, UnaryCall* call) {
    SubmitInput input = SubmitInputFromProto(*request);
    input.time_left = TimeLeftOf(*context);
    if (request->validate_only()) {
      service_->Preview(caller, std::move(input),
                        [call, response](absl::StatusOr<PreviewAnswer> answer) {
                          if (answer.ok()) {
                            PreviewToProto(*answer, response->mutable_preview());
                          }
                          call->FinishWith(answer.status());
                        });
      return;
    }
    call->set_handle(service_->Submit(
        caller, std::move(input), [call, response](absl::StatusOr<SubmitAnswer> answer) {
          if (answer.ok()) {
            SubmissionToProto(answer->submission, {}, response->mutable_submission());
            response->set_dedupe(static_cast<v1::SubmitGenerationResponse::Dedupe>(answer->dedupe));
          }
          call->FinishWith(answer.status());
        }));
  });
}

grpc::ServerUnaryReactor* GenerationServiceImpl::GetSubmission(
    grpc::CallbackServerContext* context, const v1::GetSubmissionRequest* request,
    v1::Submission* response) {
  return ServeCaller(*authenticator_, context, [&](const Principal& caller, UnaryCall* call) {
    GetInput input = GetInputFromProto(*request);
    input.time_left = TimeLeftOf(*context);
    call->set_handle(service_->Get(
        caller, std::move(input), [call, response](absl::StatusOr<SubmissionWithAttempts> found) {
          if (found.ok()) {
            SubmissionToProto(found->submission, found->attempts, response);
          }
          call->FinishWith(found.status());
        }));
  });
}

grpc::ServerUnaryReactor* GenerationServiceImpl::BatchGetSubmissions(
    grpc::CallbackServerContext* context, const v1::BatchGetSubmissionsRequest* request,
    v1::BatchGetSubmissionsResponse* response) {
  return ServeCaller(*authenticator_, context, [&](const Principal& caller, UnaryCall* call) {
    BatchGetInput input{.tenant = request->tenant(),
                        .ids = {request->ids().begin(), request->ids().end()},
                        .with_attempts = WantsAttempts(request->view(), /*full_by_default=*/true)};
    service_->BatchGet(caller, std::move(input),
                       [call, response](absl::StatusOr<std::vector<SubmissionWithAttempts>> found) {
                         if (found.ok()) {
                           for (const SubmissionWithAttempts& one : *found) {
                             SubmissionToProto(one.submission, one.attempts,
                                               response->add_submissions());
                           }
                         }
                         call->FinishWith(found.status());
                       });
  });
}

grpc::ServerUnaryReactor* GenerationServiceImpl::ListSubmissions(
    grpc::CallbackServerContext* context, const v1::ListSubmissionsRequest* request,
    v1::ListSubmissionsResponse* response) {
  return ServeCaller(*authenticator_, context, [&](const Principal& caller, UnaryCall* call) {
    ListInput input{.tenant = request->tenant(),
                    .page_size = request->page_size(),
                    .page_token = request->page_token(),
                    .filter = request->filter(),
                    .order_by = request->order_by(),
                    .with_attempts = WantsAttempts(request->view(), /*full_by_default=*/false)};
    service_->List(caller, std::move(input), [call, response](absl::StatusOr<ListAnswer> page) {
      if (page.ok()) {
        for (const SubmissionWithAttempts& one : page->submissions) {
          SubmissionToProto(one.submission, one.attempts, response->add_submissions());
        }
        response->set_next_page_token(page->next_page_token);
      }
      call->FinishWith(page.status());
    });
  });
}

grpc::ServerWriteReactor<v1::WatchSubmissionResponse>* GenerationServiceImpl::WatchSubmission(
    grpc::CallbackServerContext* context, const v1::WatchSubmissionRequest* request) {
  const absl::StatusOr<Principal> caller = Caller(*authenticator_, *context);
  if (!caller.ok()) {
    return WatchStream::Refuse(context, caller.status());
  }
  absl::StatusOr<std::shared_ptr<SubmissionWatch>> watch = service_->Watch(
      *caller, request->tenant(), KeyFromProto(*request), request->after_revision());
  return watch.ok() ? WatchStream::Start(context, *std::move(watch))
                    : WatchStream::Refuse(context, watch.status());
}

grpc::ServerUnaryReactor* GenerationServiceImpl::CancelSubmission(
    grpc::CallbackServerContext* context, const v1::CancelSubmissionRequest* request,
    v1::CancelSubmissionResponse* response) {
  return ServeCaller(*authenticator_, context, [&](const Principal& caller, UnaryCall* call) {
    changes_->Cancel(
        caller,
        {.tenant = request->tenant(), .key = KeyFromProto(*request), .etag = request->etag()},
        [call, response](absl::StatusOr<CancelResult> result) {
          if (result.ok()) {
            response->set_outcome(
                static_cast<v1::CancelSubmissionResponse::Outcome>(result->outcome));
            SubmissionToProto(result->submission, {}, response->mutable_submission());
          }
          call->FinishWith(result.status());
        });
  });
}

grpc::ServerUnaryReactor* GenerationServiceImpl::ReleaseDedupe(
    grpc::CallbackServerContext* context, const v1::ReleaseDedupeRequest* request,
    v1::Submission* response) {
  return ServeCaller(*authenticator_, context, [&](const Principal& caller, UnaryCall* call) {
    changes_->ReleaseDedupe(caller,
                            {.tenant = request->tenant(),
                             .key = {NamedKey::Kind::kId, request->id()},
                             .etag = request->etag()},
                            [call, response](absl::StatusOr<Submission> after) {
                              if (after.ok()) {
                                SubmissionToProto(*after, {}, response);
                              }
                              call->FinishWith(after.status());
                            });
  });
}

grpc::ServerUnaryReactor* GenerationServiceImpl::ListModels(grpc::CallbackServerContext* context,
                                                            const v1::ListModelsRequest*,
                                                            v1::ListModelsResponse* response) {
  return ServeCaller(*authenticator_, context, [&](const Principal&, UnaryCall* call) {
    for (const ModelCapabilities& model : ModelCatalog()) {
      ModelToProto(model, response->add_models());
    }
    call->FinishWith(absl::OkStatus());
  });
}

}  // namespace genledger
