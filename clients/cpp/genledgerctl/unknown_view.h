// Submissions whose outcome is unknown, for the person who settles them.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "clients/cpp/genledgerctl/terminal.h"
#include "genledger/v1/generation.pb.h"

namespace genledger::ctl {

// What is known of one, view FULL, and the commands that would settle it, each ending in
// `command_flags`.
std::string UnknownText(const v1::Submission& submission, const std::string& command_flags,
                        absl::Time now, const Terminal& terminal);

// `value` as one word of a POSIX shell; escaped, and bare where it needs no quotes.
std::string ShellWord(const std::string& value);

}  // namespace genledger::ctl
