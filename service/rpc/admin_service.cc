#include "service/rpc/admin_service.h"

#include "service/rpc/unary_call.h"

namespace genledger {

grpc::ServerUnaryReactor* AdminServiceImpl::ResolveSubmission(
    grpc::CallbackServerContext* context, const v1::ResolveSubmissionRequest* request,
    v1::Submission* response) {
  return ServeUnary(*authenticator_, access_log_, context, *request, response, *api_,
                    &AdminApi::ResolveSubmission);
}

grpc::ServerUnaryReactor* AdminServiceImpl::BulkResolveSubmissions(
    grpc::CallbackServerContext* context, const v1::BulkResolveSubmissionsRequest* request,
    v1::BulkResolveSubmissionsResponse* response) {
  return ServeUnary(*authenticator_, access_log_, context, *request, response, *api_,
                    &AdminApi::BulkResolveSubmissions);
}

grpc::ServerUnaryReactor* AdminServiceImpl::RetrySubmission(
    grpc::CallbackServerContext* context, const v1::RetrySubmissionRequest* request,
    v1::Submission* response) {
  return ServeUnary(*authenticator_, access_log_, context, *request, response, *api_,
                    &AdminApi::RetrySubmission);
}

grpc::ServerUnaryReactor* AdminServiceImpl::GetServiceStatus(
    grpc::CallbackServerContext* context, const v1::GetServiceStatusRequest* request,
    v1::ServiceStatus* response) {
  return ServeUnary(*authenticator_, access_log_, context, *request, response, *api_,
                    &AdminApi::GetServiceStatus);
}

}  // namespace genledger
