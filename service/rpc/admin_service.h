// genledger.v1.AdminService over gRPC.
#pragma once

#include <grpcpp/grpcpp.h>

#include "genledger/v1/admin_service.grpc.pb.h"
#include "service/api/admin_api.h"
#include "service/auth/authenticator.h"
#include "service/base/access_log.h"

namespace genledger {

// Thread safe. Nothing blocks.
class AdminServiceImpl final : public v1::AdminService::CallbackService {
 public:
  AdminServiceImpl(Authenticator* authenticator, AdminApi* api, AccessLog* access_log = nullptr)
      : authenticator_(authenticator), api_(api), access_log_(access_log) {}

  grpc::ServerUnaryReactor* ResolveSubmission(grpc::CallbackServerContext* context,
                                              const v1::ResolveSubmissionRequest* request,
                                              v1::Submission* response) override;
  grpc::ServerUnaryReactor* BulkResolveSubmissions(
      grpc::CallbackServerContext* context, const v1::BulkResolveSubmissionsRequest* request,
      v1::BulkResolveSubmissionsResponse* response) override;
  grpc::ServerUnaryReactor* RetrySubmission(grpc::CallbackServerContext* context,
                                            const v1::RetrySubmissionRequest* request,
                                            v1::Submission* response) override;
  grpc::ServerUnaryReactor* GetServiceStatus(grpc::CallbackServerContext* context,
                                             const v1::GetServiceStatusRequest* request,
                                             v1::ServiceStatus* response) override;

 private:
  Authenticator* const authenticator_;
  AdminApi* const api_;
  AccessLog* const access_log_;  // null: calls are not told
};

}  // namespace genledger
