#include "service/api/admin_api.h"

#include <utility>

#include "service/api/proto_convert.h"
#include "service/api/service_status_convert.h"
#include "service/base/error_details.h"
#include "service/base/errors.h"
#include "service/base/texts.h"

namespace genledger {
namespace {

absl::StatusOr<Resolution> ResolutionFromProto(const v1::Resolution& proto, int32_t attempt) {
  Resolution resolution{.note = proto.note()};
  switch (proto.kind_case()) {
    case v1::Resolution::kAdoptTaskId:
      resolution.kind = AdoptTask{.task_id = TaskId(proto.adopt_task_id()), .attempt = attempt};
      return resolution;
    case v1::Resolution::kDeclareNotAccepted:
      resolution.kind = DeclareNotAccepted{};
      return resolution;
    case v1::Resolution::kAbandon:
      resolution.kind = Abandon{};
      return resolution;
    case v1::Resolution::KIND_NOT_SET:
      break;
  }
  return errors::FieldInvalid({MakeViolation("resolution", MakeText(TextId::kResolutionRequired))});
}

// Answers a call with the submission as it is afterwards.
ChangeService::Callback<Submission> AnswerWith(v1::Submission* response, ApiDone done) {
  return [response, done = std::move(done)](absl::StatusOr<Submission> after) mutable {
    if (after.ok()) {
      SubmissionToProto(*after, {}, response);
    }
    done(after.status());
  };
}

}  // namespace

ApiHandle AdminApi::ResolveSubmission(ApiCall call, const v1::ResolveSubmissionRequest& request,
                                      v1::Submission* response, ApiDone done) {
  absl::StatusOr<Resolution> resolution =
      ResolutionFromProto(request.resolution(), request.attempt());
  if (!call.faults.empty()) {
    resolution = errors::FieldInvalid(std::move(call.faults));
  }
  if (!resolution.ok()) {
    done(resolution.status());
    return nullptr;
  }
  changes_->Resolve(call.caller,
                    {.tenant = request.tenant(),
                     .key = {NamedKey::Kind::kId, request.id()},
                     .etag = request.etag()},
                    *std::move(resolution), AnswerWith(response, std::move(done)));
  return nullptr;
}

ApiHandle AdminApi::BulkResolveSubmissions(ApiCall call,
                                           const v1::BulkResolveSubmissionsRequest& request,
                                           v1::BulkResolveSubmissionsResponse* response,
                                           ApiDone done) {
  absl::StatusOr<Resolution> resolution = ResolutionFromProto(request.resolution(), 0);
  if (!call.faults.empty()) {
    resolution = errors::FieldInvalid(std::move(call.faults));
  }
  if (!resolution.ok()) {
    done(resolution.status());
    return nullptr;
  }
  BulkResolution bulk{.tenant = request.tenant(),
                      .filter = request.filter(),
                      .resolution = *std::move(resolution),
                      .dry_run = request.dry_run()};
  ResolveInBulk(bulk_, call.caller, std::move(bulk),
                [response, done = std::move(done)](absl::StatusOr<BulkResolved> result) mutable {
                  if (result.ok()) {
                    response->set_matched(result->matched);
                    response->set_resolved(result->resolved);
                    for (const SubmissionId& id : result->sample) {
                      response->add_sample_ids(id.value());
                    }
                  }
                  done(result.status());
                });
  return nullptr;
}

ApiHandle AdminApi::RetrySubmission(ApiCall call, const v1::RetrySubmissionRequest& request,
                                    v1::Submission* response, ApiDone done) {
  if (!call.faults.empty()) {
    done(errors::FieldInvalid(std::move(call.faults)));
    return nullptr;
  }
  changes_->Retry(call.caller,
                  {.tenant = request.tenant(),
                   .key = {NamedKey::Kind::kId, request.id()},
                   .etag = request.etag()},
                  request.note(), AnswerWith(response, std::move(done)));
  return nullptr;
}

ApiHandle AdminApi::GetServiceStatus(ApiCall call, const v1::GetServiceStatusRequest&,
                                     v1::ServiceStatus* response, ApiDone done) {
  if (!call.faults.empty()) {
    done(errors::FieldInvalid(std::move(call.faults)));
    return nullptr;
  }
  status_->Get(call.caller,
               [response, done = std::move(done)](absl::StatusOr<ServiceStatus> status) mutable {
                 if (status.ok()) {
                   ServiceStatusToProto(*status, response);
                 }
                 done(status.status());
               });
  return nullptr;
}

}  // namespace genledger
