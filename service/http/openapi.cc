#include "service/http/openapi.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "genledger/v1/generation.pb.h"
#include "service/http/http_message.h"
#include "service/http/http_rules.h"
#include "service/http/json_text.h"
#include "service/http/openapi_schemas.h"
#include "service/http/path_template.h"

namespace genledger {
namespace {

using Json = nlohmann::ordered_json;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

Json RefTo(const char* name) { return {{"$ref", std::string("#/components/schemas/") + name}}; }

Json JsonContent(Json schema) { return {{"application/json", {{"schema", std::move(schema)}}}}; }

Json Answer(const char* description, Json schema) {
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

// The parameters of a method that takes its request from path and query.
Json ParametersOf(const Descriptor* request, const std::vector<std::string>& in_path,
                  bool with_query, OpenApiSchemas& schemas) {
  Json parameters = Json::array();
  for (const std::string& name : in_path) {
    parameters.push_back(Parameter(name, "path", true, {{"type", "string"}}));
  }
  for (int i = 0; with_query && i < request->field_count(); ++i) {
    const FieldDescriptor* field = request->field(i);
    if (std::find(in_path.begin(), in_path.end(), field->name()) == in_path.end()) {
      parameters.push_back(Parameter(field->json_name(), "query", false, schemas.OfField(field)));
    }
  }
  return parameters;
}

Json OperationOf(const HttpRule& rule, const std::string& operation_id, OpenApiSchemas& schemas) {
  const std::vector<std::string> in_path = PathTemplate::Parse(rule.path)->variables();
  const Descriptor* request = rule.method->input_type();
  Json operation = {{"operationId", operation_id}, {"tags", {rule.method->service()->name()}}};
  Json parameters = ParametersOf(request, in_path, !rule.has_body, schemas);
  if (rule.method->server_streaming()) {
    parameters.push_back(HeaderParameter("Last-Event-ID", "go on after this revision"));
  }
  if (!parameters.empty()) {
    operation["parameters"] = std::move(parameters);
  }
  if (rule.has_body) {
    operation["requestBody"]["content"] =
        JsonContent(schemas.OfMessage(request, {in_path.begin(), in_path.end()}));
  }
  Json& ok = operation["responses"]["200"];
  if (rule.method->server_streaming()) {
    ok = {{"description", "server-sent events: snapshot, event, resume, end"},
          {"content", {{"text/event-stream", {{"schema", {{"type", "string"}}}}}}}};
    schemas.Reference(rule.method->output_type());
  } else {
    ok = Answer("the answer", schemas.Reference(rule.method->output_type()));
  }
  operation["responses"]["default"] = Answer("an error", RefTo("Error"));
  return operation;
}

// The routes in the upstream's form.
void AddPagePaths(OpenApiSchemas& schemas, Json& paths) {
  Json submit = {{"operationId", "CreateVideoGeneration"}, {"tags", {"Upstream form"}}};
  submit["parameters"] = {
      HeaderParameter("Idempotency-Key", "the request_id: 1 to 128 visible ASCII characters"),
      HeaderParameter("Prefer", "wait=SECONDS, 0 to 60: how long to wait for the task_id"),
      HeaderParameter("Accept-Language", "the language of messages: en or zh")};
  submit["requestBody"] = {
      {"required", true},
      {"content", JsonContent(schemas.OfMessage(v1::GenerationSpec::descriptor(), {},
                                                /*proto_names=*/true))}};
  submit["responses"]["200"] = Answer("submitted", RefTo("PageSubmitted"));
  submit["responses"]["default"] = Answer("an error", RefTo("PageError"));
  paths["/v1/videos/generations"]["post"] = std::move(submit);
  Json task = {{"operationId", "GetTask"}, {"tags", {"Upstream form"}}};
  task["parameters"] = Json::array({Parameter("task_id", "path", true, {{"type", "string"}})});
  task["responses"]["200"] = Answer("the task", RefTo("PageTask"));
  task["responses"]["default"] =
      Answer("an error; 400 for a task that is not known", RefTo("PageError"));
  paths["/v1/tasks/{task_id}"]["get"] = std::move(task);
}

void AddProbePaths(Json& paths) {
  const Json text = {{"text/plain", {{"schema", {{"type", "string"}}}}}};
  for (const char* path : {"/livez", "/readyz", "/healthz"}) {
    Json& get = paths[path]["get"];
    get = {{"operationId", path + 1}, {"tags", {"Probes"}}, {"security", Json::array()}};
    get["responses"]["200"] = {{"description", "yes"}, {"content", text}};
    get["responses"]["503"] = {{"description", "no, and why"}, {"content", text}};
  }
}

Json Object(Json properties) {
  Json required = Json::array();
  for (const auto& property : properties.items()) {
    required.push_back(property.key());
  }
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"required", std::move(required)},
          {"additionalProperties", false}};
}

// What no message of the API describes.
void AddOwnSchemas(Json& schemas) {
  const Json text = {{"type", "string"}};
  const Json status = {{"type", "integer"}, {"minimum", 400}, {"maximum", 599}};
  const Json ok = {{"const", 200}};
  const Json submitted = {{"const", "submitted"}};
  Json error = Object({{"code", status}, {"message", text}, {"status", text}});
  error["properties"]["details"] = {{"type", "array"},
                                    {"items", {{"type", "object"}, {"required", {"@type"}}}}};
  schemas["Error"] = Object({{"error", std::move(error)}});
  schemas["PageError"] =
      Object({{"error", Object({{"code", status}, {"message", text}, {"type", text}})}});
  schemas["PageSubmitted"] =
      Object({{"code", ok},
              {"data",
               {{"type", "array"},
                {"minItems", 1},
                {"items", Object({{"status", submitted}, {"task_id", text}})}}}});
  schemas["PageTask"] =
      Object({{"code", ok}, {"data", Object({{"id", text}, {"status", submitted}})}});
}

}  // namespace

std::string OpenApiDocument(const std::string& version) {
  OpenApiSchemas schemas;
  Json paths = Json::object();
  AddPagePaths(schemas, paths);
  std::map<std::string, int> uses;
  for (const HttpRule& rule : HttpRules()) {
    const int use = ++uses[rule.method->name()];
    const std::string id = rule.method->name() + (use > 1 ? std::to_string(use) : "");
    paths[rule.path][absl::AsciiStrToLower(rule.verb)] = OperationOf(rule, id, schemas);
  }
  AddProbePaths(paths);
  Json all_schemas = schemas.all();
  AddOwnSchemas(all_schemas);
  const Json document = {
      {"openapi", "3.1.0"},
      {"info", {{"title", "Genledger"}, {"version", version}}},
      {"security", Json::array({{{"bearer", Json::array()}}})},
      {"paths", std::move(paths)},
      {"components",
       {{"securitySchemes", {{"bearer", {{"type", "http"}, {"scheme", "bearer"}}}}},
        {"schemas", std::move(all_schemas)}}}};
  return JsonText(document);
}

void AddOpenApiRoute(Router* router, const std::string& version) {
  router->Add("GET", "/v1/openapi.json", ErrorForm::kApi,
              [document = OpenApiDocument(version)](const RouteCall& call) {
                call.exchange->Answer(JsonResponse(200, document));
              });
}

}  // namespace genledger
