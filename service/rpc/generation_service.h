// genledger.v1.GenerationService over gRPC.
#pragma once

#include <grpcpp/grpcpp.h>

#include "genledger/v1/generation_service.grpc.pb.h"
#include "service/api/generation_api.h"
#include "service/auth/authenticator.h"
#include "service/base/access_log.h"
#include "service/rpc/arena_messages.h"

namespace genledger {

// Thread safe. Nothing blocks: a call that waits holds no thread.
class GenerationServiceImpl final : public v1::GenerationService::CallbackService {
 public:
  GenerationServiceImpl(Authenticator* authenticator, GenerationApi* api,
                        AccessLog* access_log = nullptr)
      : authenticator_(authenticator), api_(api), access_log_(access_log) {
    SetMessageAllocatorFor_SubmitGeneration(&submit_messages_);
    SetMessageAllocatorFor_GetSubmission(&get_messages_);
    SetMessageAllocatorFor_ListSubmissions(&list_messages_);
  }

  grpc::ServerUnaryReactor* SubmitGeneration(grpc::CallbackServerContext* context,
                                             const v1::SubmitGenerationRequest* request,
                                             v1::SubmitGenerationResponse* response) override;
  grpc::ServerUnaryReactor* GetSubmission(grpc::CallbackServerContext* context,
                                          const v1::GetSubmissionRequest* request,
                                          v1::Submission* response) override;
  grpc::ServerUnaryReactor* BatchGetSubmissions(grpc::CallbackServerContext* context,
                                                const v1::BatchGetSubmissionsRequest* request,
                                                v1::BatchGetSubmissionsResponse* response) override;
  grpc::ServerUnaryReactor* ListSubmissions(grpc::CallbackServerContext* context,
                                            const v1::ListSubmissionsRequest* request,
                                            v1::ListSubmissionsResponse* response) override;
  grpc::ServerWriteReactor<v1::WatchSubmissionResponse>* WatchSubmission(
      grpc::CallbackServerContext* context, const v1::WatchSubmissionRequest* request) override;
  grpc::ServerUnaryReactor* CancelSubmission(grpc::CallbackServerContext* context,
                                             const v1::CancelSubmissionRequest* request,
                                             v1::CancelSubmissionResponse* response) override;
  grpc::ServerUnaryReactor* ReleaseDedupe(grpc::CallbackServerContext* context,
                                          const v1::ReleaseDedupeRequest* request,
                                          v1::Submission* response) override;
  grpc::ServerUnaryReactor* ListModels(grpc::CallbackServerContext* context,
                                       const v1::ListModelsRequest* request,
                                       v1::ListModelsResponse* response) override;

 private:
  Authenticator* const authenticator_;
  GenerationApi* const api_;
  AccessLog* const access_log_;  // null: calls are not told
  ArenaMessages<v1::SubmitGenerationRequest, v1::SubmitGenerationResponse> submit_messages_;
  ArenaMessages<v1::GetSubmissionRequest, v1::Submission> get_messages_;
  ArenaMessages<v1::ListSubmissionsRequest, v1::ListSubmissionsResponse> list_messages_;
};

}  // namespace genledger
