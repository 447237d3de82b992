// Answers as JSON: proto3's standard mapping.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"

namespace genledger {

// lowerCamelCase names, 64-bit integers as strings, fields with default values left out. INTERNAL
// if the message has no JSON form: an Any of a type that is not linked in, a text that is not
// UTF-8.
absl::StatusOr<std::string> ProtoToJson(const google::protobuf::Message& message);

}  // namespace genledger
