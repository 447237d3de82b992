// genledger.v1.AdminService without a transport: see generation_api.h.
#pragma once

#include "genledger/v1/admin_service.pb.h"
#include "service/api/api_call.h"
#include "service/dispatch/bulk_resolve.h"
#include "service/dispatch/change_service.h"
#include "service/dispatch/status_service.h"

namespace genledger {

// Thread safe. Nothing blocks. Requests and responses as of GenerationApi.
class AdminApi {
 public:
  AdminApi(ChangeService* changes, BulkCollaborators bulk, StatusService* status)
      : changes_(changes), bulk_(bulk), status_(status) {}

  ApiHandle ResolveSubmission(ApiCall call, const v1::ResolveSubmissionRequest& request,
                              v1::Submission* response, ApiDone done);
  ApiHandle BulkResolveSubmissions(ApiCall call, const v1::BulkResolveSubmissionsRequest& request,
                                   v1::BulkResolveSubmissionsResponse* response, ApiDone done);
  ApiHandle RetrySubmission(ApiCall call, const v1::RetrySubmissionRequest& request,
                            v1::Submission* response, ApiDone done);
  ApiHandle GetServiceStatus(ApiCall call, const v1::GetServiceStatusRequest& request,
                             v1::ServiceStatus* response, ApiDone done);

 private:
  ChangeService* const changes_;
  const BulkCollaborators bulk_;
  StatusService* const status_;
};

}  // namespace genledger
