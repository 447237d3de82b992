// JSON for programs.
#pragma once

#include <string>
#include <string_view>

#include "clients/cpp/error.h"
#include "clients/cpp/genledgerctl/exit_code.h"
#include "google/protobuf/message.h"

namespace genledger::ctl {

// `message` as protobuf's JSON, indented, with the field names of the .proto and every plain field
// written (0, false and "" too; absent optional fields stay absent). The order of map entries is
// fixed, characters that drive a terminal are escaped, the last byte is a line end.
std::string MessageToJson(const google::protobuf::Message& message);

// The same on one line: for streams of documents.
std::string MessageToJsonLine(const google::protobuf::Message& message);

// `text` (UTF-8) as a JSON string, quotes included; what drives a terminal is escaped.
std::string JsonString(std::string_view text);

// {"error": {"code", "reason", "message", "violations": [{"field", "description"}], "metadata",
// "retry_delay", "attempts", "exit_code"}}; "retry_delay" ("1.5s") only if the server sent one.
std::string ErrorToJson(const client::Error& error, ExitCode exit_code);

// The same on one line.
std::string ErrorToJsonLine(const client::Error& error, ExitCode exit_code);

}  // namespace genledger::ctl
