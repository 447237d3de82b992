// One run of genledgerctl.
#pragma once

#include <span>
#include <string>

#include "clients/cpp/genledgerctl/exit_code.h"
#include "clients/cpp/genledgerctl/global_flags.h"
#include "clients/cpp/genledgerctl/terminal.h"

namespace genledger::ctl {

// Finds the verb among `words` (the program's name is not one of them), reads its flags and runs
// it. Flags of every verb may stand before the verb too. `terminal.color` says what the terminal
// can show; the flags may take it back. kOther if the results could not be written in full.
ExitCode RunCommandLine(std::span<const std::string> words, const ReadVariable& variable,
                        Terminal terminal);

}  // namespace genledger::ctl
