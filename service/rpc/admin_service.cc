#include "service/rpc/admin_service.h"

#include <utility>

#include "service/base/errors.h"
#include "service/rpc/proto_convert.h"
#include "service/rpc/service_status_convert.h"
#include "service/rpc/unary_call.h"

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
  return errors::FieldInvalid(
      {{.field = "resolution",
        .description = "Required: adopt_task_id, declare_not_accepted or abandon."}});
}

// Answers a call with the submission as it is afterwards.
ChangeService::Callback<Submission> AnswerWith(UnaryCall* call, v1::Submission* response) {
  return [call, response](absl::StatusOr<Submission> after) {
    if (after.ok()) {
      SubmissionToProto(*after, {}, response);
    }
    call->FinishWith(after.status());
  };
}

}  // namespace

grpc::ServerUnaryReactor* AdminServiceImpl::ResolveSubmission(
    grpc::CallbackServerContext* context, const v1::ResolveSubmissionRequest* request,
    v1::Submission* response) {
  return ServeCaller(*authenticator_, context, [&](const Principal& caller, UnaryCall* call) {
    absl::StatusOr<Resolution> resolution =
        ResolutionFromProto(request->resolution(), request->attempt());
    if (!resolution.ok()) {
      call->FinishWith(resolution.status());
      return;
    }
    changes_->Resolve(caller,
                      {.tenant = request->tenant(),
                       .key = {NamedKey::Kind::kId, request->id()},
                       .etag = request->etag()},
                      *std::move(resolution), AnswerWith(call, response));
  });
}

grpc::ServerUnaryReactor* AdminServiceImpl::BulkResolveSubmissions(
    grpc::CallbackServerContext* context, const v1::BulkResolveSubmissionsRequest* request,
    v1::BulkResolveSubmissionsResponse* response) {
  return ServeCaller(*authenticator_, context, [&](const Principal& caller, UnaryCall* call) {
    absl::StatusOr<Resolution> resolution = ResolutionFromProto(request->resolution(), 0);
    if (!resolution.ok()) {
      call->FinishWith(resolution.status());
      return;
    }
    BulkResolution bulk{.tenant = request->tenant(),
                        .filter = request->filter(),
                        .resolution = *std::move(resolution),
                        .dry_run = request->dry_run()};
    ResolveInBulk(bulk_, caller, std::move(bulk),
                  [call, response](absl::StatusOr<BulkResolved> result) {
                    if (result.ok()) {
                      response->set_matched(result->matched);
                      response->set_resolved(result->resolved);
                      for (const SubmissionId& id : result->sample) {
                        response->add_sample_ids(id.value());
                      }
                    }
                    call->FinishWith(result.status());
                  });
  });
}

grpc::ServerUnaryReactor* AdminServiceImpl::RetrySubmission(
    grpc::CallbackServerContext* context, const v1::RetrySubmissionRequest* request,
    v1::Submission* response) {
  return ServeCaller(*authenticator_, context, [&](const Principal& caller, UnaryCall* call) {
    changes_->Retry(caller,
                    {.tenant = request->tenant(),
                     .key = {NamedKey::Kind::kId, request->id()},
                     .etag = request->etag()},
                    request->note(), AnswerWith(call, response));
  });
}

grpc::ServerUnaryReactor* AdminServiceImpl::GetServiceStatus(grpc::CallbackServerContext* context,
                                                             const v1::GetServiceStatusRequest*,
                                                             v1::ServiceStatus* response) {
  return ServeCaller(*authenticator_, context, [&](const Principal& caller, UnaryCall* call) {
    status_->Get(caller, [call, response](absl::StatusOr<ServiceStatus> status) {
      if (status.ok()) {
        ServiceStatusToProto(*status, response);
      }
      call->FinishWith(status.status());
    });
  });
}

}  // namespace genledger
