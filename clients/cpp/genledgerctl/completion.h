// Scripts that complete command lines in a shell.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "clients/cpp/genledgerctl/command.h"

namespace genledger::ctl {

// The script for "bash" or "zsh", to be sourced: verbs, flags, and the values of flags that have a
// fixed choice ("a|b" in FlagSpec::value) or name a file. nullopt: another shell.
std::optional<std::string> CompletionScript(std::string_view shell,
                                            std::span<const Command* const> commands);

}  // namespace genledger::ctl
