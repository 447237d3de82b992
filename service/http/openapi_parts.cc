#include "service/http/openapi_parts.h"

#include <utility>

namespace genledger::openapi {
namespace {

const char* DescriptionOf(int status) {
  switch (status) {
    case 400:
      return "the request breaks a rule, or the state does not allow it";
    case 401:
      return "no credential, or a bad one";
    case 403:
      return "the credential does not allow this, or a foreign web page asks";
    case 404:
      return "no such submission, or it is another tenant's";
    case 406:
      return "server-sent events are not accepted";
    case 409:
      return "the state, the etag or what the request_id already names is in the way";
    case 413:
      return "the body is too large";
    case 415:
      return "the body is not JSON in UTF-8, or is encoded";
    case 429:
      return "a limit of the tenant, the service or the upstream; later";
    case 500:
      return "a fault of the service or of its account with the upstream";
    case 502:
      return "the upstream failed, or its answer was lost: then the outcome is unknown";
    default:
      return "not now: later";
  }
}

// 401 comes before anybody has looked at a submission, 413 and 415 before there is a reason.
Json HeadersOf(int status, bool about_submission) {
  if (status == 401) {
    return HeaderRefs({"Genledger-Reason", "WWW-Authenticate"});
  }
  if (status == 406 || status == 413 || status == 415) {
    return Json::object();
  }
  if (about_submission && status != 403) {
    return HeaderRefs({"Genledger-Reason", "Genledger-Submission-Id", "Genledger-Dedupe",
                       "Idempotency-Replayed", "Retry-After"});
  }
  return status == 429 || status >= 500 ? HeaderRefs({"Genledger-Reason", "Retry-After"})
                                        : HeaderRefs({"Genledger-Reason"});
}

Json HeaderObject(const char* description, Json schema) {
  return {{"description", description}, {"schema", std::move(schema)}};
}

}  // namespace

Json RefTo(const std::string& name) { return {{"$ref", "#/components/schemas/" + name}}; }

Json JsonContent(Json schema) { return {{"application/json", {{"schema", std::move(schema)}}}}; }

Json Answer(const std::string& description, Json schema) {
  return {{"description", description}, {"content", JsonContent(std::move(schema))}};
}

Json Parameter(const std::string& name, const char* in, bool required, Json schema) {
  Json parameter = {{"name", name}, {"in", in}};
  if (required) {
    parameter["required"] = true;
  }
  parameter["schema"] = std::move(schema);
  return parameter;
}

Json HeaderParameter(const char* name, const char* description) {
  Json parameter = Parameter(name, "header", false, {{"type", "string"}});
  parameter["description"] = description;
  return parameter;
}

Json AcceptLanguageParameter() {
  return HeaderParameter("Accept-Language", "the language of messages: en or zh");
}

Json ClosedObject(Json properties) {
  Json required = Json::array();
  for (const auto& property : properties.items()) {
    required.push_back(property.key());
  }
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"required", std::move(required)},
          {"additionalProperties", false}};
}

void AddErrors(const Errors& errors, std::initializer_list<int> statuses, Json& responses) {
  const Json schema = RefTo(errors.form == ErrorForm::kPage ? "PageError" : "Error");
  for (const int status : statuses) {
    Json& response = responses[std::to_string(status)];
    response = Answer(DescriptionOf(status), schema);
    if (Json headers = HeadersOf(status, errors.about_submission); !headers.empty()) {
      response["headers"] = std::move(headers);
    }
  }
  responses["default"] = Answer("refused by HTTP itself: 408, 414, 417, 431, 501", schema);
}

Json HeaderRefs(std::initializer_list<const char*> names) {
  Json headers = Json::object();
  for (const std::string name : names) {
    headers[name] = {{"$ref", "#/components/headers/" + name}};
  }
  return headers;
}

Json HeaderComponents() {
  const Json text = {{"type", "string"}};
  return {
      {"Retry-After", HeaderObject("seconds until a repeat may do better; repeat with the same key",
                                   {{"type", "integer"}, {"minimum", 1}})},
      {"Idempotency-Replayed",
       HeaderObject("the answer is an earlier submission's", {{"const", "true"}})},
      {"Genledger-Submission-Id", HeaderObject("the submission that it is about", text)},
      {"Genledger-Dedupe",
       HeaderObject("what became of the request: created, joined, replayed, reopened", text)},
      {"Genledger-Reason", HeaderObject("the stable reason, a name of ErrorReason", text)},
      {"WWW-Authenticate", HeaderObject("how to show a credential", text)},
  };
}

}  // namespace genledger::openapi
