// Names of the API's enum values, as people read them.
#pragma once

#include <string>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/generated_enum_reflection.h"

namespace genledger::ctl {

// "DEDUPE_CREATED" with prefix "DEDUPE_" -> "CREATED"; "DEDUPE_9" for a number that this binary
// does not know.
template <typename Enum>
std::string EnumName(Enum value, const std::string& prefix) {
  const google::protobuf::EnumValueDescriptor* known =
      google::protobuf::GetEnumDescriptor<Enum>()->FindValueByNumber(static_cast<int>(value));
  return known == nullptr ? prefix + std::to_string(static_cast<int>(value))
                          : known->name().substr(prefix.size());
}

}  // namespace genledger::ctl
