// What a verb of genledgerctl is: its name, its help, its flags and what it does.
#pragma once

#include <span>
#include <string_view>

#include "clients/cpp/genledgerctl/arguments.h"
#include "clients/cpp/genledgerctl/exit_code.h"
#include "clients/cpp/genledgerctl/global_flags.h"
#include "clients/cpp/genledgerctl/terminal.h"

namespace genledger::ctl {

struct Command {
  std::string_view name;
  std::string_view summary;      // one line, for the list of verbs
  std::string_view operands;     // as the usage line shows them; empty: none are taken
  std::string_view description;  // paragraphs, wrapped by hand
  std::span<const FlagSpec> flags;
  std::string_view examples;
  // Prints its own results and errors.
  ExitCode (*run)(const Arguments& arguments, const GlobalFlags& global, const Terminal& terminal);
};

}  // namespace genledger::ctl
