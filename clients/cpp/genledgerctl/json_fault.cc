#include "clients/cpp/genledgerctl/json_fault.h"

#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"

namespace genledger::ctl {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Struct;
using google::protobuf::Value;
using google::protobuf::util::JsonStringToMessage;
using google::protobuf::util::MessageToJsonString;

// By either of the spellings that JSON may use.
const FieldDescriptor* FindField(const Message& message, const std::string& name) {
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name);
  return field != nullptr ? field : message.GetDescriptor()->FindFieldByCamelcaseName(name);
}

// Whether `message` takes this field alone.
bool Fits(const std::string& name, const Value& value, const Message& message) {
  Struct alone;
  (*alone.mutable_fields())[name] = value;
  std::string json;
  const std::unique_ptr<Message> read(message.New());
  return MessageToJsonString(alone, &json).ok() && JsonStringToMessage(json, read.get()).ok();
}

std::optional<std::string> FaultOfFields(const Struct& fields, const Message& message,
                                         const std::string& path) {
  for (const auto& [name, value] : fields.fields()) {
    const FieldDescriptor* field = FindField(message, name);
    if (field == nullptr) {
      return absl::StrCat("there is no field \"", path, name, "\"");
    }
    if (Fits(name, value, message)) {
      continue;
    }
    if (value.has_struct_value() && !field->is_repeated() &&
        field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      const std::unique_ptr<Message> inner(
          message.GetReflection()->GetMessage(message, field).New());
      std::optional<std::string> fault =
          FaultOfFields(value.struct_value(), *inner, absl::StrCat(path, name, "."));
      if (fault.has_value()) {
        return fault;
      }
    }
    return absl::StrCat("the value of \"", path, name, "\" is not of its kind");
  }
  return std::nullopt;
}

}  // namespace

std::string FaultOfJson(const std::string& json, const Message& message) {
  Struct fields;
  if (!JsonStringToMessage(json, &fields).ok()) {
    return "it is not a JSON object";
  }
  return FaultOfFields(fields, message, "").value_or("a field is given twice");
}

}  // namespace genledger::ctl
