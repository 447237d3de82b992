#include "clients/cpp/genledgerctl/command_line.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clients/cpp/genledgerctl/cancel_command.h"
#include "clients/cpp/genledgerctl/command.h"
#include "clients/cpp/genledgerctl/completion.h"
#include "clients/cpp/genledgerctl/error_report.h"
#include "clients/cpp/genledgerctl/get_command.h"
#include "clients/cpp/genledgerctl/health_command.h"
#include "clients/cpp/genledgerctl/help.h"
#include "clients/cpp/genledgerctl/list_command.h"
#include "clients/cpp/genledgerctl/models_command.h"
#include "clients/cpp/genledgerctl/release_command.h"
#include "clients/cpp/genledgerctl/resolve_command.h"
#include "clients/cpp/genledgerctl/retry_command.h"
#include "clients/cpp/genledgerctl/status_command.h"
#include "clients/cpp/genledgerctl/submit_command.h"
#include "clients/cpp/genledgerctl/text.h"
#include "clients/cpp/genledgerctl/token_command.h"
#include "clients/cpp/genledgerctl/unknown_command.h"
#include "clients/cpp/genledgerctl/watch_command.h"
#include "service/server/version.h"

namespace genledger::ctl {
namespace {

ExitCode PrintCompletion(const Arguments& arguments, const GlobalFlags& global,
                         const Terminal& terminal);

// Here and not in a file of its own, because it knows all the others.
const Command kCompletionCommand = {
    .name = "completion",
    .summary = "print the script that completes command lines in bash or zsh",
    .operands = "bash|zsh",
    .description =
        "Put the first example's line into ~/.bashrc, or the second's into ~/.zshrc after "
        "compinit.",
    .flags = {},
    .examples =
        "  source <(genledgerctl completion bash)\n"
        "  source <(genledgerctl completion zsh)\n",
    .run = PrintCompletion,
};

// Every verb, in the order of the help page.
constexpr std::array<const Command*, 14> kCommands = {
    &kSubmitCommand,  &kGetCommand,     &kListCommand,    &kWatchCommand,     &kCancelCommand,
    &kReleaseCommand, &kUnknownCommand, &kResolveCommand, &kRetryCommand,     &kStatusCommand,
    &kModelsCommand,  &kHealthCommand,  &kTokenCommand,   &kCompletionCommand};

ExitCode PrintCompletion(const Arguments& arguments, const GlobalFlags& /*global*/,
                         const Terminal& terminal) {
  const std::optional<std::string> script =
      arguments.operands().size() == 1 ? CompletionScript(arguments.operands().front(), kCommands)
                                       : std::nullopt;
  if (!script.has_value()) {
    return ReportUsage("completion", "name one shell, bash or zsh", terminal);
  }
  *terminal.out << *script;
  return ExitCode::kOk;
}

const Command* FindCommand(std::string_view name) {
  const auto found = std::find_if(kCommands.begin(), kCommands.end(),
                                  [name](const Command* command) { return command->name == name; });
  return found == kCommands.end() ? nullptr : *found;
}

ExitCode PrintVersion(const Terminal& terminal) {
  *terminal.out << "genledgerctl " << kVersion << "\n";
  return ExitCode::kOk;
}

ExitCode UnknownVerb(const std::string& name, const Terminal& terminal) {
  return ReportUsage("", "unknown verb " + Printable(name), terminal);
}

// genledgerctl help [VERB]
ExitCode Help(const std::vector<std::string>& operands, const Terminal& terminal) {
  if (operands.empty()) {
    *terminal.out << OverviewHelp(kCommands);
    return ExitCode::kOk;
  }
  const Command* command = FindCommand(operands.front());
  if (command == nullptr) {
    return UnknownVerb(operands.front(), terminal);
  }
  *terminal.out << CommandHelp(*command);
  return ExitCode::kOk;
}

// The place of the verb: the first word that is neither a flag nor the value of one.
size_t FindVerb(std::span<const std::string> words) {
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word.substr(0, 2) != "--") {
      return i;
    }
    const std::span<const FlagSpec> flags = GlobalFlagSpecs();
    const bool takes_value =
        word.find('=') == word.npos &&
        std::any_of(flags.begin(), flags.end(), [word](const FlagSpec& flag) {
          return flag.name == word.substr(2) && flag.kind != FlagSpec::Kind::kSwitch;
        });
    i += takes_value ? 1 : 0;
  }
  return words.size();
}

ExitCode RunCommand(const Command& command, std::span<const std::string> words,
                    const ReadVariable& variable, Terminal terminal) {
  const std::string verb(command.name);
  std::vector<FlagSpec> flags(command.flags.begin(), command.flags.end());
  flags.insert(flags.end(), GlobalFlagSpecs().begin(), GlobalFlagSpecs().end());
  const absl::StatusOr<Arguments> arguments = Arguments::Parse(words, flags);
  if (!arguments.ok()) {
    return ReportUsage(verb, std::string(arguments.status().message()), terminal);
  }
  if (arguments->Switch("help").value_or(false)) {
    return Help({verb}, terminal);
  }
  if (arguments->Switch("version").value_or(false)) {
    return PrintVersion(terminal);
  }
  if (command.operands.empty() && !arguments->operands().empty()) {
    return ReportUsage(verb, "unexpected argument " + Printable(arguments->operands().front()),
                       terminal);
  }
  const absl::StatusOr<GlobalFlags> global = ReadGlobalFlags(*arguments, variable);
  if (!global.ok()) {
    return ReportUsage(verb, std::string(global.status().message()), terminal);
  }
  terminal.color = terminal.color && global->color;
  return command.run(*arguments, *global, terminal);
}

ExitCode Dispatch(std::span<const std::string> words, const ReadVariable& variable,
                  const Terminal& terminal) {
  const size_t place = FindVerb(words);
  if (place == words.size()) {
    // Nothing but flags of every verb: help, the version, or a verb is missing.
    const absl::StatusOr<Arguments> arguments = Arguments::Parse(words, GlobalFlagSpecs());
    if (!arguments.ok()) {
      return ReportUsage("", std::string(arguments.status().message()), terminal);
    }
    if (arguments->Switch("help").value_or(false)) {
      return Help({}, terminal);
    }
    return arguments->Switch("version").value_or(false)
               ? PrintVersion(terminal)
               : ReportUsage("", "no verb given", terminal);
  }
  const std::string& verb = words[place];
  std::vector<std::string> rest(words.begin(), words.begin() + static_cast<ptrdiff_t>(place));
  rest.insert(rest.end(), words.begin() + static_cast<ptrdiff_t>(place) + 1, words.end());
  if (verb == "help" || verb == "-h") {
    return Help(rest, terminal);
  }
  const Command* command = FindCommand(verb);
  return command == nullptr ? UnknownVerb(verb, terminal)
                            : RunCommand(*command, rest, variable, terminal);
}

}  // namespace

ExitCode RunCommandLine(std::span<const std::string> words, const ReadVariable& variable,
                        Terminal terminal) {
  const ExitCode exit_code = Dispatch(words, variable, terminal);
  terminal.out->flush();
  if (!terminal.out->good()) {
    *terminal.err << "genledgerctl: the results could not be written to standard output\n";
    return exit_code == ExitCode::kOk ? ExitCode::kOther : exit_code;
  }
  return exit_code;
}

}  // namespace genledger::ctl
