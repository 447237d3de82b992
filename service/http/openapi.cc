#include "service/http/openapi.h"

#include <google/protobuf/descriptor.h>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "service/http/http_message.h"
#include "service/http/http_rules.h"
#include "service/http/json_text.h"
#include "service/http/openapi_page.h"
#include "service/http/openapi_parts.h"
#include "service/http/openapi_schemas.h"
#include "service/http/path_template.h"

namespace genledger {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::OneofDescriptor;
using openapi::AcceptLanguageParameter;
using openapi::AddErrors;
using openapi::Answer;
using openapi::ClosedObject;
using openapi::HeaderParameter;
using openapi::Json;
using openapi::JsonContent;
using openapi::Parameter;

constexpr char kDocumentPath[] = "/v1/openapi.json";
constexpr char kLivePath[] = "/livez";

// The fields that the body and the query do not give: those of the path, and what excludes them.
std::set<std::string> GivenByPath(const Descriptor* request,
                                  const std::vector<std::string>& in_path) {
  std::set<std::string> given(in_path.begin(), in_path.end());
  for (const std::string& name : in_path) {
    const FieldDescriptor* field = request->FindFieldByName(name);
    const OneofDescriptor* oneof = field == nullptr ? nullptr : field->real_containing_oneof();
    for (int i = 0; oneof != nullptr && i < oneof->field_count(); ++i) {
      given.insert(oneof->field(i)->name());
    }
  }
  return given;
}

// The parameters of a method that takes its request from path and query.
Json ParametersOf(const Descriptor* request, const std::vector<std::string>& in_path,
                  bool with_query, OpenApiSchemas& schemas) {
  Json parameters = Json::array();
  for (const std::string& name : in_path) {
    parameters.push_back(Parameter(name, "path", true, {{"type", "string"}}));
  }
  const std::set<std::string> given = GivenByPath(request, in_path);
  for (int i = 0; with_query && i < request->field_count(); ++i) {
    const FieldDescriptor* field = request->field(i);
    if (given.count(field->name()) == 0) {
      parameters.push_back(Parameter(field->json_name(), "query", false, schemas.OfField(field)));
    }
  }
  return parameters;
}

// Whether the answer depends on one submission, or more, that must be there.
bool NamesSubmissions(const Descriptor* request) {
  return request->FindFieldByName("id") != nullptr || request->FindFieldByName("ids") != nullptr;
}

void AddApiErrors(const HttpRule& rule, Json& responses) {
  const Descriptor* request = rule.method->input_type();
  const bool submits = request->FindFieldByName("spec") != nullptr;
  const openapi::Errors errors = {.about_submission = submits || NamesSubmissions(request)};
  AddErrors(errors, {400, 401, 403}, responses);
  if (NamesSubmissions(request)) {
    AddErrors(errors, {404}, responses);
  }
  if (rule.method->server_streaming()) {
    AddErrors(errors, {406}, responses);
  }
  if (submits || request->FindFieldByName("etag") != nullptr) {
    AddErrors(errors, {409}, responses);
  }
  AddErrors(errors, {413, 415, 429, 500, 503}, responses);
}

Json OperationOf(const HttpRule& rule, const std::string& operation_id, OpenApiSchemas& schemas) {
  const std::vector<std::string> in_path = PathTemplate::Parse(rule.path)->variables();
  const Descriptor* request = rule.method->input_type();
  Json operation = {{"operationId", operation_id}, {"tags", {rule.method->service()->name()}}};
  Json parameters = ParametersOf(request, in_path, !rule.has_body, schemas);
  if (rule.method->server_streaming()) {
    parameters.push_back(HeaderParameter("Last-Event-ID", "go on after this revision"));
  }
  parameters.push_back(AcceptLanguageParameter());
  operation["parameters"] = std::move(parameters);
  if (rule.has_body) {
    operation["requestBody"]["content"] =
        JsonContent(schemas.OfMessage(request, GivenByPath(request, in_path)));
  }
  Json& ok = operation["responses"]["200"];
  if (rule.method->server_streaming()) {
    ok = {{"description", "server-sent events: snapshot, event, resume, end"},
          {"content", {{"text/event-stream", {{"schema", {{"type", "string"}}}}}}}};
    schemas.Reference(rule.method->output_type());
  } else {
    ok = Answer("the answer", schemas.Reference(rule.method->output_type()));
  }
  AddApiErrors(rule, operation["responses"]);
  return operation;
}

void AddProbePaths(Json& paths) {
  const Json text = {{"text/plain", {{"schema", {{"type", "string"}}}}}};
  for (const char* path : {kLivePath, "/readyz", "/healthz"}) {
    Json& get = paths[path]["get"];
    get = {{"operationId", path + 1}, {"tags", {"Probes"}}, {"security", Json::array()}};
    get["responses"]["200"] = {{"description", "yes"}, {"content", text}};
    if (path != kLivePath) {
      get["responses"]["503"] = {{"description", "no, and why"}, {"content", text}};
    }
    AddErrors({}, {403, 413}, get["responses"]);
  }
}

void AddDocumentPath(Json& paths) {
  Json get = {{"operationId", "openapi"}, {"tags", {"Document"}}, {"security", Json::array()}};
  get["parameters"] = {AcceptLanguageParameter()};
  get["responses"]["200"] =
      Answer("this document", {{"type", "object"}, {"required", {"openapi"}}});
  AddErrors({}, {403, 413}, get["responses"]);
  paths[kDocumentPath]["get"] = std::move(get);
}

// The errors of the API's form, which no message of it describes.
Json ErrorSchema() {
  const Json text = {{"type", "string"}};
  const Json status = {{"type", "integer"}, {"minimum", 400}, {"maximum", 599}};
  Json error = ClosedObject({{"code", status}, {"message", text}, {"status", text}});
  error["properties"]["details"] = {{"type", "array"},
                                    {"items", {{"type", "object"}, {"required", {"@type"}}}}};
  return ClosedObject({{"error", std::move(error)}});
}

}  // namespace

std::string OpenApiDocument(const std::string& version) {
  OpenApiSchemas schemas;
  Json paths = Json::object();
  openapi::AddPagePaths(paths);
  std::map<std::string, int> uses;
  for (const HttpRule& rule : HttpRules()) {
    const int use = ++uses[rule.method->name()];
    const std::string id = rule.method->name() + (use > 1 ? std::to_string(use) : "");
    paths[rule.path][absl::AsciiStrToLower(rule.verb)] = OperationOf(rule, id, schemas);
  }
  AddProbePaths(paths);
  AddDocumentPath(paths);
  Json all_schemas = schemas.all();
  all_schemas["Error"] = ErrorSchema();
  openapi::AddPageSchemas(all_schemas);
  const Json document = {
      {"openapi", "3.1.0"},
      {"info", {{"title", "Genledger"}, {"version", version}}},
      {"security", Json::array({{{"bearer", Json::array()}}})},
      {"paths", std::move(paths)},
      {"components",
       {{"securitySchemes", {{"bearer", {{"type", "http"}, {"scheme", "bearer"}}}}},
        {"headers", openapi::HeaderComponents()},
        {"schemas", std::move(all_schemas)}}}};
  return JsonText(document);
}

void AddOpenApiRoute(Router* router, const std::string& version) {
  router->Add("GET", kDocumentPath, ErrorForm::kApi,
              [document = OpenApiDocument(version)](const RouteCall& call) {
                call.exchange->Answer(JsonResponse(200, document));
              });
}

}  // namespace genledger
