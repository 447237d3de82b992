#include "service/http/openapi_schemas.h"

#include "absl/strings/strip.h"

namespace genledger {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

// "Submission.State" for genledger.v1.Submission.State; other packages keep their names.
std::string SchemaName(absl::string_view full_name) {
  absl::ConsumePrefix(&full_name, "genledger.v1.");
  return std::string(full_name);
}

}  // namespace

OpenApiSchemas::Json OpenApiSchemas::Reference(const Descriptor* message) {
  const std::string name = SchemaName(message->full_name());
  if (!all_.contains(name)) {
    all_[name] = Json::object();  // before its fields: a message may hold itself
    all_[name] = OfMessage(message);
  }
  return {{"$ref", "#/components/schemas/" + name}};
}

OpenApiSchemas::Json OpenApiSchemas::OfMessage(const Descriptor* message,
                                               const std::set<std::string>& without) {
  Json properties = Json::object();
  for (int i = 0; i < message->field_count(); ++i) {
    const FieldDescriptor* field = message->field(i);
    if (without.count(field->name()) == 0) {
      properties[field->json_name()] = OfField(field);
    }
  }
  return {
      {"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
}

OpenApiSchemas::Json OpenApiSchemas::OfField(const FieldDescriptor* field) {
  if (field->is_map()) {
    return {{"type", "object"},
            {"additionalProperties", OfSingleValue(field->message_type()->map_value())}};
  }
  if (field->is_repeated()) {
    return {{"type", "array"}, {"items", OfSingleValue(field)}};
  }
  return OfSingleValue(field);
}

OpenApiSchemas::Json OpenApiSchemas::OfSingleValue(const FieldDescriptor* field) {
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return {{"type", "boolean"}};
    case FieldDescriptor::CPPTYPE_INT32:
      return {{"type", "integer"}, {"format", "int32"}};
    case FieldDescriptor::CPPTYPE_INT64:  // as a string: numbers lose digits beyond 2^53
      return {{"type", "string"}, {"format", "int64"}, {"pattern", "^-?[0-9]+$"}};
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return {{"type", "number"}};
    case FieldDescriptor::CPPTYPE_ENUM: {
      Json names = Json::array();
      for (int i = 0; i < field->enum_type()->value_count(); ++i) {
        names.push_back(field->enum_type()->value(i)->name());
      }
      return {{"type", "string"}, {"enum", std::move(names)}};
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
    default:
      return {{"type", "string"}};
  }
  const std::string& type = field->message_type()->full_name();
  if (type == "google.protobuf.Duration") {
    return {{"type", "string"}, {"pattern", "^-?[0-9]+([.][0-9]+)?s$"}};
  }
  if (type == "google.protobuf.Timestamp") {
    return {{"type", "string"}, {"format", "date-time"}};
  }
  if (type == "google.protobuf.Any") {
    return {{"type", "object"},
            {"properties", {{"@type", {{"type", "string"}}}}},
            {"required", {"@type"}}};
  }
  return Reference(field->message_type());
}

}  // namespace genledger
