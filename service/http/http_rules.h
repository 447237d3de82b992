// The google.api.http options of the API's methods: the source of the routes and of the OpenAPI
// document.
#pragma once

#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"

namespace genledger {

struct HttpRule {
  const google::protobuf::MethodDescriptor* method;
  std::string verb;       // "GET"
  std::string path;       // a path template
  bool has_body = false;  // the whole request, less what is in the path, is the body ("*")
};

// Of both services, additional bindings included, in the order of the protos.
std::vector<HttpRule> HttpRules();

}  // namespace genledger
