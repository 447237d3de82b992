// genledger.v1.AdminService: converts, calls a protocol-independent service, converts back.
#pragma once

#include <grpcpp/grpcpp.h>

#include "genledger/v1/admin_service.grpc.pb.h"
#include "service/auth/authenticator.h"
#include "service/dispatch/bulk_resolve.h"
#include "service/dispatch/change_service.h"
#include "service/dispatch/status_service.h"

namespace genledger {

// Thread safe. Nothing blocks.
class AdminServiceImpl final : public v1::AdminService::CallbackService {
 public:
  AdminServiceImpl(Authenticator* authenticator, ChangeService* changes, BulkCollaborators bulk,
                   StatusService* status)
      : authenticator_(authenticator), changes_(changes), bulk_(bulk), status_(status) {}

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
  ChangeService* const changes_;
  const BulkCollaborators bulk_;
  StatusService* const status_;
};

}  // namespace genledger
