// genledger.v1.GenerationService without a transport: every front decodes a request, calls this and
// encodes the response, so that all of them mean the same.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "genledger/v1/generation_service.pb.h"
#include "service/api/api_call.h"
#include "service/dispatch/change_service.h"
#include "service/dispatch/submission_service.h"

namespace genledger {

// Thread safe. Nothing blocks: a call that waits holds no thread. The request is only used inside
// the call; the response is the front's (gRPC's own, never copied) and must outlive `done`.
class GenerationApi {
 public:
  GenerationApi(SubmissionService* service, ChangeService* changes)
      : service_(service), changes_(changes) {}

  ApiHandle SubmitGeneration(ApiCall call, const v1::SubmitGenerationRequest& request,
                             v1::SubmitGenerationResponse* response, ApiDone done);
  ApiHandle GetSubmission(ApiCall call, const v1::GetSubmissionRequest& request,
                          v1::Submission* response, ApiDone done);
  ApiHandle BatchGetSubmissions(ApiCall call, const v1::BatchGetSubmissionsRequest& request,
                                v1::BatchGetSubmissionsResponse* response, ApiDone done);
  ApiHandle ListSubmissions(ApiCall call, const v1::ListSubmissionsRequest& request,
                            v1::ListSubmissionsResponse* response, ApiDone done);
  ApiHandle CancelSubmission(ApiCall call, const v1::CancelSubmissionRequest& request,
                             v1::CancelSubmissionResponse* response, ApiDone done);
  ApiHandle ReleaseDedupe(ApiCall call, const v1::ReleaseDedupeRequest& request,
                          v1::Submission* response, ApiDone done);
  ApiHandle ListModels(ApiCall call, const v1::ListModelsRequest& request,
                       v1::ListModelsResponse* response, ApiDone done);

  // Its messages are encoded by WatchMessageToProto (service/api/watch_message.h).
  absl::StatusOr<std::shared_ptr<SubmissionWatch>> WatchSubmission(
      ApiCall call, const v1::WatchSubmissionRequest& request);

 private:
  SubmissionService* const service_;
  ChangeService* const changes_;
};

}  // namespace genledger
