#include "service/http/openapi_page.h"

#include <algorithm>
#include <span>
#include <string>
#include <utility>

#include "service/base/error_http.h"
#include "service/domain/model_catalog.h"
#include "service/domain/validate.h"

namespace genledger::openapi {
namespace {

// Of a submission without a task_id yet, which is no error of the service.
constexpr char kPendingType[] = "submission_pending";

void AddOnce(const Json& value, Json& values) {
  if (std::find(values.begin(), values.end(), value) == values.end()) {
    values.push_back(value);
  }
}

// Every value that some model takes.
template <typename Value>
Json EnumOfModels(std::span<const Value> ModelCapabilities::*values) {
  Json all = Json::array();
  for (const ModelCapabilities& model : ModelCatalog()) {
    for (const Value& value : model.*values) {
      AddOnce(value, all);
    }
  }
  return {{"enum", std::move(all)}};
}

Json ModelSchema() {
  Json names = Json::array();
  for (const ModelCapabilities& model : ModelCatalog()) {
    names.push_back(model.name);
  }
  return {{"type", "string"}, {"enum", std::move(names)}, {"default", kDefaultModel}};
}

Json PromptSchema() {
  const size_t bytes_max = ValidationRules().prompt_bytes_max;
  return {{"type", "string"},
          {"minLength", 1},
          {"maxLength", bytes_max},
          {"description", "trimmed at both ends; not empty then, and at most " +
                              std::to_string(bytes_max) + " bytes of UTF-8"}};
}

Json ImageUrlsSchema() {
  int32_t most = 0;
  for (const ModelCapabilities& model : ModelCatalog()) {
    most = std::max(most, model.image_urls_max);
  }
  const Json url = {{"type", "string"}, {"maxLength", ValidationRules().image_url_bytes_max}};
  const Json urls = {{"type", "array"}, {"items", url}, {"maxItems", most}};
  return {{"oneOf", Json::array({urls, url})},
          {"description", "public images, their order matters; a string stands for one of them"}};
}

Json WithDefault(Json schema, Json value) {
  schema["default"] = std::move(value);
  return schema;
}

Json RequestSchema() {
  const Json flag = {{"type", "boolean"}, {"default", false}};
  Json properties = {{"model", ModelSchema()},
                     {"prompt", PromptSchema()},
                     {"duration", WithDefault(EnumOfModels(&ModelCapabilities::durations),
                                              kDefaultDurationSeconds)},
                     {"aspect_ratio", EnumOfModels(&ModelCapabilities::aspect_ratios)},
                     {"generation_type", EnumOfModels(&ModelCapabilities::generation_types)},
                     {"image_urls", ImageUrlsSchema()},
                     {"resolution", WithDefault(EnumOfModels(&ModelCapabilities::resolutions),
                                                kDefaultResolution)},
                     {"enable_gif", flag},
                     {"official_fallback", flag}};
  return {{"type", "object"},
          {"description", "not every model takes every value: see /v1/models"},
          {"properties", std::move(properties)},
          {"required", {"prompt"}},
          {"additionalProperties", false}};
}

Json ErrorTypes() {
  Json types = Json::array();
  for (const PageError& error : kPageErrors) {
    AddOnce(error.type, types);
  }
  types.push_back(kPendingType);
  return {{"enum", std::move(types)}};
}

}  // namespace

void AddPagePaths(Json& paths) {
  Json submit = {{"operationId", "CreateVideoGeneration"}, {"tags", {"Upstream form"}}};
  submit["parameters"] = {
      HeaderParameter("Idempotency-Key", "the request_id: 1 to 128 visible ASCII characters"),
      HeaderParameter("Prefer", "wait=SECONDS, 0 to 60: how long to wait for the task_id"),
      AcceptLanguageParameter()};
  submit["requestBody"] = {{"required", true}, {"content", JsonContent(RefTo("PageRequest"))}};
  Json& submitted = submit["responses"]["200"];
  submitted = Answer("submitted", RefTo("PageSubmitted"));
  submitted["headers"] =
      HeaderRefs({"Genledger-Submission-Id", "Genledger-Dedupe", "Idempotency-Replayed"});
  AddErrors({.form = ErrorForm::kPage, .about_submission = true},
            {400, 401, 403, 409, 413, 415, 429, 500, 502, 503}, submit["responses"]);
  paths["/v1/videos/generations"]["post"] = std::move(submit);

  Json task = {{"operationId", "GetTask"}, {"tags", {"Upstream form"}}};
  task["parameters"] = {Parameter("task_id", "path", true, {{"type", "string"}}),
                        AcceptLanguageParameter()};
  task["responses"]["200"] = Answer("the task", RefTo("PageTask"));
  task["responses"]["200"]["headers"] = HeaderRefs({"Genledger-Submission-Id"});
  // 400, not 404, for a task that is not known: so does the upstream.
  AddErrors({.form = ErrorForm::kPage}, {400, 401, 403, 413, 429, 500, 503}, task["responses"]);
  paths["/v1/tasks/{task_id}"]["get"] = std::move(task);
}

void AddPageSchemas(Json& schemas) {
  const Json text = {{"type", "string"}};
  const Json status = {{"type", "integer"}, {"minimum", 400}, {"maximum", 599}};
  const Json ok = {{"const", 200}};
  const Json submitted = {{"const", "submitted"}};
  schemas["PageRequest"] = RequestSchema();
  schemas["PageError"] = ClosedObject(
      {{"error", ClosedObject({{"code", status}, {"message", text}, {"type", ErrorTypes()}})}});
  const Json item = ClosedObject({{"status", submitted}, {"task_id", text}});
  schemas["PageSubmitted"] =
      ClosedObject({{"code", ok}, {"data", {{"type", "array"}, {"minItems", 1}, {"items", item}}}});
  schemas["PageTask"] =
      ClosedObject({{"code", ok}, {"data", ClosedObject({{"id", text}, {"status", submitted}})}});
}

}  // namespace genledger::openapi
