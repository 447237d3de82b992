#include "clients/cpp/genledgerctl/completion.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "clients/cpp/genledgerctl/global_flags.h"

namespace genledger::ctl {
namespace {

using Kind = FlagSpec::Kind;

constexpr char kFileValue[] = "FILE";

// What is completed after these words, which are no Commands of their own.
constexpr char kHelp[] = "help";
constexpr char kShells[] = "bash zsh";

constexpr char kBashHead[] =
    R"(# Completion of genledgerctl in bash: source <(genledgerctl completion bash)
_genledgerctl() {
  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} flag='' verb='' words='' i
  COMPREPLY=()
  # bash splits --flag=value into three words.
  if [[ $word == '=' ]]; then
    flag=$previous word=''
  elif [[ $previous == '=' ]]; then
    flag=${COMP_WORDS[COMP_CWORD - 2]}
  elif [[ $previous == --* ]]; then
    flag=$previous
  fi
)";

constexpr char kBashTail[] = R"(  # shellcheck disable=SC2207
  COMPREPLY=($(compgen -W "$words" -- "$word"))
  if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
    compopt -o nospace 2>/dev/null
  fi
}
complete -F _genledgerctl genledgerctl
)";

constexpr char kZshTail[] = R"(
if [[ ${funcstack[1]} == _genledgerctl ]]; then
  _genledgerctl "$@"
else
  compdef _genledgerctl genledgerctl
fi
)";

// The words of "a|b|c"; empty if the value is not one of a fixed choice.
std::string Choice(const FlagSpec& flag) {
  const absl::string_view value(flag.value.data(), flag.value.size());
  return value.find('|') == value.npos ? "" : absl::StrReplaceAll(value, {{"|", " "}});
}

std::string FlagWords(std::span<const FlagSpec> flags) {
  std::vector<std::string> words;
  for (const FlagSpec& flag : flags) {
    words.push_back("--" + std::string(flag.name) + (flag.kind == Kind::kSwitch ? "" : "="));
  }
  return absl::StrJoin(words, " ");
}

// Every flag once, though several verbs may have it; flags of one name take the same values.
std::vector<FlagSpec> AllFlags(std::span<const Command* const> commands) {
  std::vector<FlagSpec> all(GlobalFlagSpecs().begin(), GlobalFlagSpecs().end());
  for (const Command* command : commands) {
    for (const FlagSpec& flag : command->flags) {
      const auto same = [&flag](const FlagSpec& other) { return other.name == flag.name; };
      if (std::none_of(all.begin(), all.end(), same)) {
        all.push_back(flag);
      }
    }
  }
  return all;
}

// The arm of a case for all of `flags`; empty if there are none.
std::string BashArm(const std::vector<std::string>& flags, const std::string& commands) {
  return flags.empty() ? "" : "    " + absl::StrJoin(flags, " | ") + ") " + commands + " ;;\n";
}

std::string BashFlagValues(std::span<const Command* const> commands) {
  std::string choices;
  std::vector<std::string> files;
  std::vector<std::string> others;
  for (const FlagSpec& flag : AllFlags(commands)) {
    const std::string name = "--" + std::string(flag.name);
    if (flag.kind == Kind::kSwitch) {
      continue;
    }
    if (const std::string choice = Choice(flag); !choice.empty()) {
      choices += BashArm({name}, "words='" + choice + "'");
    } else {
      (flag.value == kFileValue ? files : others).push_back(name);
    }
  }
  return "  case $flag in\n" + choices +
         BashArm(files,
                 "\n      compopt -o filenames 2>/dev/null\n"
                 "      mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n      return\n     ") +
         BashArm(others, "return") + "  esac\n";
}

std::string Verbs(std::span<const Command* const> commands) {
  std::string verbs;
  for (const Command* command : commands) {
    verbs += std::string(command->name) + " ";
  }
  return verbs + kHelp;
}

std::string BashScript(std::span<const Command* const> commands) {
  const std::string verbs = Verbs(commands);
  std::string out = kBashHead;
  out += BashFlagValues(commands);
  out +=
      "  for ((i = 1; i < COMP_CWORD; ++i)); do\n"
      "    case ${COMP_WORDS[i]} in\n"
      "      " +
      absl::StrReplaceAll(verbs, {{" ", " | "}}) +
      ") verb=${COMP_WORDS[i]} && break ;;\n    esac\n  done\n";
  out += "  if [[ -z $words ]]; then\n    case $verb in\n";
  for (const Command* command : commands) {
    const std::string flags = FlagWords(command->flags);
    out += "      " + std::string(command->name) + ") words='" +
           (command->operands == "bash|zsh" ? std::string(kShells) : flags) + "' ;;\n";
  }
  out += "      help) words='" + verbs + "' ;;\n";
  out += "      *) words='" + verbs + "' ;;\n    esac\n";
  out += "    if [[ $verb != help ]]; then\n      words+=' " + FlagWords(GlobalFlagSpecs()) +
         "'\n    fi\n  fi\n";
  return out + kBashTail;
}

// Inside of single quotes, in a specification of _arguments.
std::string ZshText(std::string_view text) {
  return absl::StrReplaceAll(
      absl::string_view(text.data(), text.size()),
      {{"'", "'\\''"}, {"[", "\\["}, {"]", "\\]"}, {":", "\\:"}, {"\\", "\\\\"}});
}

std::string ZshFlag(const FlagSpec& flag) {
  std::string out = flag.kind == Kind::kRepeated ? "'*" : "'";
  out += "--" + std::string(flag.name) + (flag.kind == Kind::kSwitch ? "" : "=");
  out += "[" + ZshText(flag.help) + "]";
  if (flag.kind != Kind::kSwitch) {
    out += ":" + ZshText(flag.value) + ":";
    if (const std::string choice = Choice(flag); !choice.empty()) {
      out += "(" + choice + ")";
    } else if (flag.value == kFileValue) {
      out += "_files";
    }
  }
  return out + "'";
}

std::string ZshArguments(std::span<const FlagSpec> flags, const std::string& operands) {
  std::string out = "_arguments";
  for (const std::span<const FlagSpec> some : {flags, GlobalFlagSpecs()}) {
    for (const FlagSpec& flag : some) {
      out += " \\\n        " + ZshFlag(flag);
    }
  }
  return out + (operands.empty() ? "" : " \\\n        '" + operands + "'") + "\n";
}

std::string ZshScript(std::span<const Command* const> commands) {
  std::string out =
      "#compdef genledgerctl\n"
      "# Completion of genledgerctl in zsh: source <(genledgerctl completion zsh)\n"
      "_genledgerctl() {\n"
      "  local -a verbs=(\n";
  for (const Command* command : commands) {
    out += "    '" + std::string(command->name) + ":" + ZshText(command->summary) + "'\n";
  }
  out += "    'help:explain a verb'\n  )\n  if ((CURRENT == 2)); then\n";
  out += "    _describe verb verbs\n    return\n  fi\n";
  out += "  local verb=${words[2]}\n  shift words\n  ((CURRENT--))\n  case $verb in\n";
  for (const Command* command : commands) {
    const bool shells = command->operands == "bash|zsh";
    out += "    " + std::string(command->name) + ")\n      " +
           ZshArguments(command->flags, shells ? "1:shell:(" + std::string(kShells) + ")" : "") +
           "      ;;\n";
  }
  return out + "    help) _describe verb verbs ;;\n  esac\n}\n" + kZshTail;
}

}  // namespace

std::optional<std::string> CompletionScript(std::string_view shell,
                                            std::span<const Command* const> commands) {
  if (shell == "bash") {
    return BashScript(commands);
  }
  if (shell == "zsh") {
    return ZshScript(commands);
  }
  return std::nullopt;
}

}  // namespace genledger::ctl
