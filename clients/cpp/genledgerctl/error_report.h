// What a person and a script learn of an error.
#pragma once

#include <string>
#include <string_view>

#include "clients/cpp/error.h"
#include "clients/cpp/genledgerctl/exit_code.h"
#include "clients/cpp/genledgerctl/global_flags.h"
#include "clients/cpp/genledgerctl/terminal.h"

namespace genledger::ctl {

// By code; by reason only where one code means two things to a caller.
ExitCode ExitCodeOf(const client::Error& error);

// What to do after an error with this reason; empty if there is nothing to say.
std::string AdviceOn(std::string_view reason);

// For people: one line with code, reason and message, and a line for each violation. Everything
// from the server is escaped.
std::string ErrorFacts(const client::Error& error);

// The same, with a last line on what to do next.
std::string ErrorText(const client::Error& error, const std::string& server);

// Prints the error: for people on `err`, and as JSON on `out` where JSON was asked for. Returns the
// exit code.
ExitCode ReportError(const client::Error& error, const GlobalFlags& global,
                     const Terminal& terminal);

// Prints "genledgerctl VERB: message" on `err`; returns kUsage.
ExitCode ReportUsage(const std::string& verb, const std::string& message, const Terminal& terminal);

}  // namespace genledger::ctl
