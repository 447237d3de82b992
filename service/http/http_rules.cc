#include "service/http/http_rules.h"

#include <utility>

#include "genledger/v1/admin_service.pb.h"
#include "genledger/v1/generation_service.pb.h"
#include "google/api/annotations.pb.h"
#include "google/api/http.pb.h"
#include "service/base/check.h"

namespace genledger {
namespace {

using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;

HttpRule RuleOf(const MethodDescriptor* method, const google::api::HttpRule& option) {
  HttpRule rule{.method = method, .has_body = option.body() == "*"};
  GL_CHECK(rule.has_body || option.body().empty(), "a body is the whole request or none");
  if (option.pattern_case() == google::api::HttpRule::kGet) {
    rule.verb = "GET";
    rule.path = option.get();
  } else {
    GL_CHECK(option.pattern_case() == google::api::HttpRule::kPost, "routes are GET or POST");
    rule.verb = "POST";
    rule.path = option.post();
  }
  return rule;
}

}  // namespace

std::vector<HttpRule> HttpRules() {
  std::vector<HttpRule> rules;
  for (const FileDescriptor* file : {v1::SubmitGenerationRequest::descriptor()->file(),
                                     v1::ResolveSubmissionRequest::descriptor()->file()}) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        const MethodDescriptor* method = file->service(s)->method(m);
        const google::api::HttpRule& option = method->options().GetExtension(google::api::http);
        rules.push_back(RuleOf(method, option));
        for (const google::api::HttpRule& more : option.additional_bindings()) {
          rules.push_back(RuleOf(method, more));
        }
      }
    }
  }
  return rules;
}

}  // namespace genledger
