// The methods of the API by their names, so that routes can be made from descriptors.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "google/protobuf/message.h"
#include "service/api/admin_api.h"
#include "service/api/api_call.h"
#include "service/api/generation_api.h"

namespace genledger {

// One unary method, with its types left to the descriptors.
struct ApiMethod {
  std::string full_name;                     // "genledger.v1.GenerationService.SubmitGeneration"
  const google::protobuf::Message* request;  // prototypes
  const google::protobuf::Message* response;
  bool answers_many = false;  // submissions: an answer may have many megabytes
  std::function<ApiHandle(ApiCall, const google::protobuf::Message& request,
                          google::protobuf::Message* response, ApiDone)>
      serve;
};

// Every unary method of both services. The arguments must outlive what is returned.
std::vector<ApiMethod> UnaryApiMethods(GenerationApi* generations, AdminApi* admin);

}  // namespace genledger
