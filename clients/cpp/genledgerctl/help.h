// The help pages.
#pragma once

#include <span>
#include <string>

#include "clients/cpp/genledgerctl/command.h"

namespace genledger::ctl {

// What genledgerctl is, its verbs, the flags of all verbs, the exit codes.
std::string OverviewHelp(std::span<const Command* const> commands);

// One verb: usage, description, flags, examples, exit codes.
std::string CommandHelp(const Command& command);

}  // namespace genledger::ctl
