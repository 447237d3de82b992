// genledger.v1.AdminService: converts, calls the ChangeService, converts back.
#pragma once

#include <grpcpp/grpcpp.h>

#include "genledger/v1/admin_service.grpc.pb.h"
#include "service/auth/authenticator.h"
#include "service/dispatch/change_service.h"

namespace genledger {

// Thread safe. BulkResolveSubmissions and GetServiceStatus answer UNIMPLEMENTED.
class AdminServiceImpl final : public v1::AdminService::CallbackService {
 public:
  AdminServiceImpl(Authenticator* authenticator, ChangeService* changes)
      : authenticator_(authenticator), changes_(changes) {}

  grpc::ServerUnaryReactor* ResolveSubmission(grpc::CallbackServerContext* context,
                                              const v1::ResolveSubmissionRequest* request,
                                              v1::Submission* response) override;
  grpc::ServerUnaryReactor* RetrySubmission(grpc::CallbackServerContext* context,
                                            const v1::RetrySubmissionRequest* request,
                                            v1::Submission* response) override;

 private:
  Authenticator* const authenticator_;
  ChangeService* const changes_;
};

}  // namespace genledger
