// genledgerctl: the command line of Genledger.

#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "clients/cpp/genledgerctl/command_line.h"

namespace {

std::optional<std::string> Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  const genledger::ctl::Terminal terminal = {
      .in = &std::cin,
      .out = &std::cout,
      .err = &std::cerr,
      .out_is_tty = isatty(STDOUT_FILENO) == 1,
      .err_is_tty = isatty(STDERR_FILENO) == 1,
      .color = isatty(STDOUT_FILENO) == 1 && Variable("TERM").value_or("dumb") != "dumb",
      .zone = absl::LocalTimeZone(),
  };
  return static_cast<int>(genledger::ctl::RunCommandLine(words, Variable, terminal));
}
