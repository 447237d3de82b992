#include "service/http/api_methods.h"

#include <utility>

#include "genledger/v1/generation_service.pb.h"
#include "google/protobuf/descriptor.h"

namespace genledger {
namespace {

using google::protobuf::Message;

template <typename Api, typename Request, typename Response>
ApiMethod Bind(const std::string& service, const char* name, Api* api,
               ApiHandle (Api::*method)(ApiCall, const Request&, Response*, ApiDone)) {
  return {.full_name = service + "." + name,
          .request = &Request::default_instance(),
          .response = &Response::default_instance(),
          .serve = [api, method](ApiCall call, const Message& request, Message* response,
                                 ApiDone done) {
            return (api->*method)(std::move(call), static_cast<const Request&>(request),
                                  static_cast<Response*>(response), std::move(done));
          }};
}

}  // namespace

std::vector<ApiMethod> UnaryApiMethods(GenerationApi* generations, AdminApi* admin) {
  const std::string generation_service = "genledger.v1.GenerationService";
  const std::string admin_service = "genledger.v1.AdminService";
  std::vector<ApiMethod> methods = {
      Bind(generation_service, "SubmitGeneration", generations, &GenerationApi::SubmitGeneration),
      Bind(generation_service, "GetSubmission", generations, &GenerationApi::GetSubmission),
      Bind(generation_service, "BatchGetSubmissions", generations,
           &GenerationApi::BatchGetSubmissions),
      Bind(generation_service, "ListSubmissions", generations, &GenerationApi::ListSubmissions),
      Bind(generation_service, "CancelSubmission", generations, &GenerationApi::CancelSubmission),
      Bind(generation_service, "ReleaseDedupe", generations, &GenerationApi::ReleaseDedupe),
      Bind(generation_service, "ListModels", generations, &GenerationApi::ListModels),
      Bind(admin_service, "ResolveSubmission", admin, &AdminApi::ResolveSubmission),
      Bind(admin_service, "BulkResolveSubmissions", admin, &AdminApi::BulkResolveSubmissions),
      Bind(admin_service, "RetrySubmission", admin, &AdminApi::RetrySubmission),
      Bind(admin_service, "GetServiceStatus", admin, &AdminApi::GetServiceStatus),
  };
  for (ApiMethod& method : methods) {
    method.answers_many = method.response == &v1::ListSubmissionsResponse::default_instance() ||
                          method.response == &v1::BatchGetSubmissionsResponse::default_instance();
  }
  return methods;
}

}  // namespace genledger
