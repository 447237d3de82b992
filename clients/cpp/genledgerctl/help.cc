#include "clients/cpp/genledgerctl/help.h"

#include <algorithm>
#include <string_view>

namespace genledger::ctl {
namespace {

// Longer flags put their help on a line of its own.
constexpr size_t kFlagColumns = 28;

std::string FlagUsage(const FlagSpec& flag) {
  std::string usage = "--" + std::string(flag.name);
  if (flag.kind != FlagSpec::Kind::kSwitch) {
    usage += "=" + std::string(flag.value);
  }
  return usage;
}

std::string FlagsHelp(std::span<const FlagSpec> flags) {
  std::string out;
  for (const FlagSpec& flag : flags) {
    const std::string usage = FlagUsage(flag);
    out += "  " + usage;
    if (usage.size() > kFlagColumns) {
      out += "\n  " + std::string(kFlagColumns, ' ');
    } else {
      out.append(kFlagColumns - usage.size(), ' ');
    }
    out += "  " + std::string(flag.help);
    out += flag.kind == FlagSpec::Kind::kRepeated ? " (repeatable)\n" : "\n";
  }
  return out;
}

}  // namespace

std::string OverviewHelp(std::span<const Command* const> commands) {
  std::string out =
      "genledgerctl submits paid video generations through a Genledger server and shows what "
      "became\n"
      "of them.\n"
      "\n"
      "usage: genledgerctl VERB [flags]\n"
      "       genledgerctl help VERB\n"
      "\n"
      "verbs:\n";
  size_t width = 0;
  for (const Command* command : commands) {
    width = std::max(width, command->name.size());
  }
  for (const Command* command : commands) {
    out += "  " + std::string(command->name);
    out.append(width - command->name.size() + 2, ' ');
    out += std::string(command->summary) + "\n";
  }
  out += "\nflags of every verb (--flag=value or --flag value):\n" + FlagsHelp(GlobalFlagSpecs());
  return out + "\nexit codes:\n" + kExitCodesHelp;
}

std::string CommandHelp(const Command& command) {
  std::string out = "usage: genledgerctl " + std::string(command.name);
  if (!command.operands.empty()) {
    out += " " + std::string(command.operands);
  }
  out += " [flags]\n\n" + std::string(command.description) + "\n";
  if (!command.flags.empty()) {
    out += "\nflags:\n" + FlagsHelp(command.flags);
  }
  out += "\nflags of every verb:\n" + FlagsHelp(GlobalFlagSpecs());
  out += "\nexamples:\n" + std::string(command.examples);
  return out + "\nexit codes:\n" + kExitCodesHelp;
}

}  // namespace genledger::ctl
