#include "service/http/json_to_proto.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "service/base/check.h"

namespace genledger {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::util::TimeUtil;

// Names longer than this, or of other characters, are not repeated to the caller.
constexpr size_t kShownNameBytesMax = 64;
// Beyond it a double does not hold every integer.
constexpr double kExactIntegerMax = 9007199254740992.0;

std::string Join(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "." + name;
}

bool IsShown(std::string_view name) {
  return !name.empty() && name.size() <= kShownNameBytesMax &&
         std::all_of(name.begin(), name.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

// Whether a decimal number has digits after its point that count: a double would lose them.
bool HasFraction(const std::string& text) {
  const size_t exponent_at = std::min(text.find_first_of("eE"), text.size());
  int64_t exponent = 0;
  if (exponent_at < text.size()) {
    std::ignore = absl::SimpleAtoi(text.substr(exponent_at + 1), &exponent);
  }
  const std::string mantissa = text.substr(0, exponent_at);
  const size_t last = mantissa.find_last_of("123456789");
  if (last == std::string::npos) {
    return false;
  }
  const size_t point = std::min(mantissa.find('.'), mantissa.size());
  // The power of ten of the last digit that counts, before the exponent.
  const int64_t power =
      static_cast<int64_t>(point) - static_cast<int64_t>(last) - (last < point ? 1 : 0);
  return power + exponent < 0;
}

enum class IntegerFault { kNotInteger, kRange };

// An integer as JSON may write it: 8, 8.0, 8e0; never " 8" or 8.5.
std::optional<IntegerFault> ReadInteger(const std::string& text, int64_t* value) {
  const bool plain = !text.empty() && text.find_first_not_of("-0123456789") == std::string::npos;
  if (plain && absl::SimpleAtoi(text, value)) {
    return std::nullopt;
  }
  double number = 0;
  const bool is_number = !text.empty() &&
                         text.find_first_not_of("+-.eE0123456789") == std::string::npos &&
                         absl::SimpleAtod(text, &number);
  if (!is_number || std::trunc(number) != number || HasFraction(text)) {
    return IntegerFault::kNotInteger;
  }
  if (std::abs(number) > kExactIntegerMax) {
    return IntegerFault::kRange;
  }
  *value = static_cast<int64_t>(number);
  return std::nullopt;
}

// "DEDUPE_MODE_CONTENT, DEDUPE_MODE_REQUEST_ID_ONLY"
LocalText NamesOf(const EnumDescriptor& type) {
  std::string names;
  for (int i = 0; i < type.value_count(); ++i) {
    names += (names.empty() ? "" : ", ") + type.value(i)->name();
  }
  return Verbatim(std::move(names));
}

bool IsTime(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
         (field.message_type() == google::protobuf::Duration::descriptor() ||
          field.message_type() == google::protobuf::Timestamp::descriptor());
}

void SetString(Message* message, const FieldDescriptor* field, std::string value) {
  const Reflection* reflection = message->GetReflection();
  field->is_repeated() ? reflection->AddString(message, field, std::move(value))
                       : reflection->SetString(message, field, std::move(value));
}

// False if the value is beyond the field's type.
bool SetInteger(Message* message, const FieldDescriptor* field, int64_t value) {
  const Reflection* reflection = message->GetReflection();
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_INT64) {
    field->is_repeated() ? reflection->AddInt64(message, field, value)
                         : reflection->SetInt64(message, field, value);
    return true;
  }
  if (value < std::numeric_limits<int32_t>::min() || value > std::numeric_limits<int32_t>::max()) {
    return false;
  }
  const auto narrow = static_cast<int32_t>(value);
  field->is_repeated() ? reflection->AddInt32(message, field, narrow)
                       : reflection->SetInt32(message, field, narrow);
  return true;
}

void SetEnum(Message* message, const FieldDescriptor* field, int value) {
  const Reflection* reflection = message->GetReflection();
  field->is_repeated() ? reflection->AddEnumValue(message, field, value)
                       : reflection->SetEnumValue(message, field, value);
}

// Null if there is none.
const FieldDescriptor* FindField(const Descriptor& descriptor, const std::string& name,
                                 JsonDialect dialect) {
  const FieldDescriptor* field = descriptor.FindFieldByName(name);
  for (int i = 0;
       field == nullptr && dialect == JsonDialect::kProto3 && i < descriptor.field_count(); ++i) {
    if (descriptor.field(i)->json_name() == name) {
      return descriptor.field(i);
    }
  }
  return field;
}

}  // namespace

void RequestReader::Blame(const std::string& path, TextId text,
                          std::initializer_list<LocalText> arguments) {
  faults_.push_back(MakeViolation(path, MakeText(text, arguments)));
}

void RequestReader::ReadJson(const JsonValue& json, const std::string& field) {
  if (json.kind != JsonValue::Kind::kObject) {
    Blame("", TextId::kJsonNotObject);
    return;
  }
  if (field.empty()) {
    ReadObject(json, "", message_);
    return;
  }
  const FieldDescriptor* into = message_->GetDescriptor()->FindFieldByName(field);
  ReadObject(json, field, message_->GetReflection()->MutableMessage(message_, into));
}

void RequestReader::ReadObject(const JsonValue& json, const std::string& path, Message* message) {
  std::set<const FieldDescriptor*> seen;
  std::set<std::string_view> unknown;
  for (const JsonMember& member : json.members) {
    const FieldDescriptor* field = FindField(*message->GetDescriptor(), member.name, dialect_);
    if (field == nullptr) {
      if (!unknown.insert(member.name).second) {
        continue;  // blamed already
      }
      if (IsShown(member.name)) {
        Blame(Join(path, member.name), TextId::kFieldUnknown);
      } else {
        Blame(path, TextId::kFieldUnknownUnnamed);
      }
      continue;
    }
    const std::string name = Join(path, field->name());
    if (!seen.insert(field).second) {
      Blame(name, TextId::kJsonTwice);
    } else if (given_by_path_.count(name) > 0) {
      Blame(name, TextId::kGivenByPath);
    } else if (member.value.kind != JsonValue::Kind::kNull && OneOfIsFree(*message, field, name)) {
      ReadMember(member.value, name, message, field);
    }
  }
}

bool RequestReader::OneOfIsFree(const Message& message, const Field* field,
                                const std::string& path) {
  const google::protobuf::OneofDescriptor* group = field->real_containing_oneof();
  if (group == nullptr || !message.GetReflection()->HasOneof(message, group) ||
      message.GetReflection()->HasField(message, field)) {
    return true;
  }
  std::string names;
  for (int i = 0; i < group->field_count(); ++i) {
    names += (names.empty() ? "" : ", ") + group->field(i)->name();
  }
  Blame(path, TextId::kOneOfGroup, {Verbatim(std::move(names))});
  return false;
}

void RequestReader::ReadMember(const JsonValue& json, const std::string& path, Message* message,
                               const Field* field) {
  const bool one_for_all = dialect_ == JsonDialect::kPage && json.kind == JsonValue::Kind::kString;
  if (field->is_map()) {
    ReadMap(json, path, message, field);
  } else if (!field->is_repeated() || one_for_all) {
    ReadValue(json, path, message, field);
  } else if (json.kind != JsonValue::Kind::kArray) {
    Blame(path, TextId::kTypeArray);
  } else {
    for (size_t i = 0; i < json.items.size(); ++i) {
      ReadValue(json.items[i], path + "[" + std::to_string(i) + "]", message, field);
    }
  }
}

// The API's maps have strings for keys.
void RequestReader::ReadMap(const JsonValue& json, const std::string& path, Message* message,
                            const Field* field) {
  if (json.kind != JsonValue::Kind::kObject) {
    Blame(path, TextId::kTypeObject);
    return;
  }
  std::set<std::string_view> seen;
  for (const JsonMember& member : json.members) {
    const std::string name = IsShown(member.name) ? path + "[" + member.name + "]" : path;
    if (!seen.insert(member.name).second) {
      Blame(name, TextId::kJsonTwice);
      continue;
    }
    Message* entry = message->GetReflection()->AddMessage(message, field);
    SetString(entry, entry->GetDescriptor()->map_key(), member.name);
    ReadValue(member.value, name, entry, entry->GetDescriptor()->map_value());
  }
}

void RequestReader::ReadValue(const JsonValue& json, const std::string& path, Message* message,
                              const Field* field) {
  using Kind = JsonValue::Kind;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      if (json.kind != Kind::kString) {
        Blame(path, TextId::kTypeString);
      } else {
        SetString(message, field, json.text);
      }
      return;
    case FieldDescriptor::CPPTYPE_BOOL:
      if (json.kind != Kind::kBoolean) {
        Blame(path, TextId::kTypeBoolean);
      } else {
        message->GetReflection()->SetBool(message, field, json.boolean);
      }
      return;
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64: {
      int64_t value = 0;
      const bool may_be = json.kind == Kind::kNumber || json.kind == Kind::kString;
      const std::optional<IntegerFault> fault =
          may_be ? ReadInteger(json.text, &value) : std::optional(IntegerFault::kNotInteger);
      if (fault == IntegerFault::kNotInteger) {
        Blame(path, TextId::kTypeInteger);
      } else if (fault.has_value() || !SetInteger(message, field, value)) {
        Blame(path, TextId::kTypeIntegerRange);
      }
      return;
    }
    case FieldDescriptor::CPPTYPE_ENUM: {
      const EnumValueDescriptor* value =
          json.kind == Kind::kString ? field->enum_type()->FindValueByName(json.text) : nullptr;
      int64_t number = 0;
      if (json.kind == Kind::kNumber && !ReadInteger(json.text, &number).has_value() &&
          number == static_cast<int32_t>(number)) {
        value = field->enum_type()->FindValueByNumber(static_cast<int32_t>(number));
      }
      if (value == nullptr) {
        Blame(path, TextId::kTypeEnum, {NamesOf(*field->enum_type())});
      } else {
        SetEnum(message, field, value->number());
      }
      return;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      ReadMessage(json, path, message, field);
      return;
    default:
      Blame(path, TextId::kTypeNumber);  // no request has such a field
  }
}

void RequestReader::ReadMessage(const JsonValue& json, const std::string& path, Message* message,
                                const Field* field) {
  const Reflection* reflection = message->GetReflection();
  const bool is_duration = field->message_type() == google::protobuf::Duration::descriptor();
  if (IsTime(*field)) {
    google::protobuf::Duration duration;
    google::protobuf::Timestamp timestamp;
    const bool read = json.kind == JsonValue::Kind::kString &&
                      (is_duration ? TimeUtil::FromString(json.text, &duration)
                                   : TimeUtil::FromString(json.text, &timestamp));
    if (!read) {
      Blame(path, is_duration ? TextId::kTypeDuration : TextId::kTypeTimestamp);
      return;
    }
    Message* into = reflection->MutableMessage(message, field);
    into->CopyFrom(is_duration ? static_cast<const Message&>(duration) : timestamp);
    return;
  }
  if (json.kind != JsonValue::Kind::kObject) {
    Blame(path, TextId::kTypeObject);
    return;
  }
  ReadObject(json, path,
             field->is_repeated() ? reflection->AddMessage(message, field)
                                  : reflection->MutableMessage(message, field));
}

void RequestReader::ReadQuery(const std::string& name, const std::string& value) {
  ReadText(name, value);
}

void RequestReader::ReadPath(const std::string& name, const std::string& value) {
  ReadText(name, value);
  given_by_path_.insert(name);
}

void RequestReader::ReadText(const std::string& name, const std::string& value) {
  Message* message = message_;
  const FieldDescriptor* field = nullptr;
  std::string path;  // in proto's spelling
  const std::vector<std::string> parts = absl::StrSplit(name, '.');
  for (size_t i = 0; i < parts.size(); ++i) {
    field = FindField(*message->GetDescriptor(), parts[i], dialect_);
    const bool is_last = i + 1 == parts.size();
    const bool is_scalar =
        field != nullptr && !field->is_map() &&
        (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || IsTime(*field));
    const bool is_parent = field != nullptr && !field->is_repeated() && !is_scalar;
    if (is_last ? !is_scalar : !is_parent) {
      Blame(IsShown(name) ? name : "",
            IsShown(name) ? TextId::kFieldUnknown : TextId::kFieldUnknownUnnamed);
      return;
    }
    path = Join(path, field->name());
    if (!OneOfIsFree(*message, field, path)) {
      return;
    }
    if (!is_last) {
      message = message->GetReflection()->MutableMessage(message, field);
    }
  }
  GL_CHECK(field != nullptr, "even an empty name has one part");
  if (given_by_path_.count(path) > 0) {
    Blame(path, TextId::kGivenByPath);
    return;
  }
  if (!field->is_repeated() && !read_once_.insert(path).second) {
    Blame(path, TextId::kQueryTwice);
    return;
  }
  JsonValue text{.kind = JsonValue::Kind::kString, .text = value};
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_BOOL && (value == "true" || value == "false")) {
    text = {.kind = JsonValue::Kind::kBoolean, .boolean = value == "true"};
  }
  int64_t number = 0;
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM && absl::SimpleAtoi(value, &number)) {
    text.kind = JsonValue::Kind::kNumber;
  }
  ReadValue(text, path, message, field);
}

}  // namespace genledger
