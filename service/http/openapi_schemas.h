// JSON schemas of the API's messages, for the OpenAPI document.
#pragma once

#include <google/protobuf/descriptor.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>

namespace genledger {

// Collects what is referred to. Properties have their lowerCamelCase names.
class OpenApiSchemas {
 public:
  using Json = nlohmann::ordered_json;

  // A reference to a message's schema, which is added to all() if it is not there.
  Json Reference(const google::protobuf::Descriptor* message);

  // The schema of a field's value.
  Json OfField(const google::protobuf::FieldDescriptor* field);

  // The schema of an object with a message's fields, less some by their proto names.
  Json OfMessage(const google::protobuf::Descriptor* message,
                 const std::set<std::string>& without = {});

  const Json& all() const { return all_; }

 private:
  Json OfSingleValue(const google::protobuf::FieldDescriptor* field);

  Json all_ = Json::object();
};

}  // namespace genledger
