#include "service/api/generation_api.h"

#include <utility>
#include <vector>

#include "service/api/proto_convert.h"
#include "service/base/errors.h"
#include "service/domain/model_catalog.h"

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

// Ends a call that the front could not read as a whole; false if it could.
bool RefuseFaults(ApiCall& call, ApiDone& done) {
  if (call.faults.empty()) {
    return false;
  }
  done(errors::FieldInvalid(std::move(call.faults)));
  return true;
}

}  // namespace

ApiHandle GenerationApi::SubmitGeneration(ApiCall call, const v1::SubmitGenerationRequest& request,
                                          v1::SubmitGenerationResponse* response, ApiDone done) {
  SubmitInput input = SubmitInputFromProto(request);
  input.time_left = call.time_left;
  // A request with faults is judged as a preview is: every rule is checked, and nothing written.
  const bool judge_only = request.validate_only() || !call.faults.empty();
  for (FieldViolation& fault : call.faults) {
    input.conversion_faults.push_back(std::move(fault));
  }
  if (judge_only) {
    service_->Preview(
        call.caller, std::move(input),
        [response, done = std::move(done)](absl::StatusOr<PreviewAnswer> answer) mutable {
          if (answer.ok()) {
            PreviewToProto(*answer, response->mutable_preview());
          }
          done(answer.status());
        });
    return nullptr;
  }
  return service_->Submit(
      call.caller, std::move(input),
      [response, done = std::move(done)](absl::StatusOr<SubmitAnswer> answer) mutable {
        if (answer.ok()) {
          SubmissionToProto(*answer->submission, {}, response->mutable_submission());
          response->set_dedupe(static_cast<v1::SubmitGenerationResponse::Dedupe>(answer->dedupe));
        }
        done(answer.status());
      });
}

ApiHandle GenerationApi::GetSubmission(ApiCall call, const v1::GetSubmissionRequest& request,
                                       v1::Submission* response, ApiDone done) {
  if (RefuseFaults(call, done)) {
    return nullptr;
  }
  GetInput input = GetInputFromProto(request);
  input.time_left = call.time_left;
  return service_->Get(call.caller, std::move(input),
                       [response, done = std::move(done)](absl::StatusOr<GetAnswer> found) mutable {
                         if (found.ok()) {
                           SubmissionToProto(*found->submission, found->attempts, response);
                         }
                         done(found.status());
                       });
}

ApiHandle GenerationApi::BatchGetSubmissions(ApiCall call,
                                             const v1::BatchGetSubmissionsRequest& request,
                                             v1::BatchGetSubmissionsResponse* response,
                                             ApiDone done) {
  if (RefuseFaults(call, done)) {
    return nullptr;
  }
  BatchGetInput input{.tenant = request.tenant(),
                      .ids = {request.ids().begin(), request.ids().end()},
                      .with_attempts = WantsAttempts(request.view(), /*full_by_default=*/true)};
  service_->BatchGet(
      call.caller, std::move(input),
      [response,
       done = std::move(done)](absl::StatusOr<std::vector<SubmissionWithAttempts>> found) mutable {
        if (found.ok()) {
          for (const SubmissionWithAttempts& one : *found) {
            SubmissionToProto(one.submission, one.attempts, response->add_submissions());
          }
        }
        done(found.status());
      });
  return nullptr;
}

ApiHandle GenerationApi::ListSubmissions(ApiCall call, const v1::ListSubmissionsRequest& request,
                                         v1::ListSubmissionsResponse* response, ApiDone done) {
  if (RefuseFaults(call, done)) {
    return nullptr;
  }
  ListInput input{.tenant = request.tenant(),
                  .page_size = request.page_size(),
                  .page_token = request.page_token(),
                  .filter = request.filter(),
                  .order_by = request.order_by(),
                  .with_attempts = WantsAttempts(request.view(), /*full_by_default=*/false)};
  service_->List(call.caller, std::move(input),
                 [response, done = std::move(done)](absl::StatusOr<ListAnswer> page) mutable {
                   if (page.ok()) {
                     for (const SubmissionWithAttempts& one : page->submissions) {
                       SubmissionToProto(one.submission, one.attempts, response->add_submissions());
                     }
                     response->set_next_page_token(page->next_page_token);
                   }
                   done(page.status());
                 });
  return nullptr;
}

absl::StatusOr<std::shared_ptr<SubmissionWatch>> GenerationApi::WatchSubmission(
    ApiCall call, const v1::WatchSubmissionRequest& request) {
  if (!call.faults.empty()) {
    return errors::FieldInvalid(std::move(call.faults));
  }
  return service_->Watch(call.caller, request.tenant(), KeyFromProto(request),
                         request.after_revision());
}

ApiHandle GenerationApi::CancelSubmission(ApiCall call, const v1::CancelSubmissionRequest& request,
                                          v1::CancelSubmissionResponse* response, ApiDone done) {
  if (RefuseFaults(call, done)) {
    return nullptr;
  }
  changes_->Cancel(
      call.caller,
      {.tenant = request.tenant(), .key = KeyFromProto(request), .etag = request.etag()},
      [response, done = std::move(done)](absl::StatusOr<CancelResult> result) mutable {
        if (result.ok()) {
          response->set_outcome(
              static_cast<v1::CancelSubmissionResponse::Outcome>(result->outcome));
          SubmissionToProto(result->submission, {}, response->mutable_submission());
        }
        done(result.status());
      });
  return nullptr;
}

ApiHandle GenerationApi::ReleaseDedupe(ApiCall call, const v1::ReleaseDedupeRequest& request,
                                       v1::Submission* response, ApiDone done) {
  if (RefuseFaults(call, done)) {
    return nullptr;
  }
  changes_->ReleaseDedupe(
      call.caller,
      {.tenant = request.tenant(),
       .key = {NamedKey::Kind::kId, request.id()},
       .etag = request.etag()},
      [response, done = std::move(done)](absl::StatusOr<Submission> after) mutable {
        if (after.ok()) {
          SubmissionToProto(*after, {}, response);
        }
        done(after.status());
      });
  return nullptr;
}

ApiHandle GenerationApi::ListModels(ApiCall call, const v1::ListModelsRequest&,
                                    v1::ListModelsResponse* response, ApiDone done) {
  if (RefuseFaults(call, done)) {
    return nullptr;
  }
  for (const ModelCapabilities& model : ModelCatalog()) {
    ModelToProto(model, response->add_models());
  }
  done(absl::OkStatus());
  return nullptr;
}

}  // namespace genledger
