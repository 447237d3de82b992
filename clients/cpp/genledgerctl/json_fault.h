// What is wrong with JSON that is no message, in words for the person who wrote it.
#pragma once

#include <string>

#include "google/protobuf/message.h"

namespace genledger::ctl {

// One clause without a capital or a full stop: which field `message`'s type does not have or whose
// value does not fit. `json` is UTF-8 that cannot be read as that type. It repeats names of `json`:
// escape it before a terminal shows it.
std::string FaultOfJson(const std::string& json, const google::protobuf::Message& message);

}  // namespace genledger::ctl
