// Runs a real program and collects what it says.
#pragma once

#include <string>
#include <vector>

namespace genledger::test {

struct Finished {
  int exit_code = -1;  // 128 + signal if one ended it
  std::string out;
  std::string err;
};

// Runs `words[0]` with exactly this environment ("NAME=value") and this standard input, which must
// fit into a pipe (64 KiB); standard output and error are pipes.
Finished RunProcess(const std::vector<std::string>& words,
                    const std::vector<std::string>& environment, const std::string& input);

// Runs it on a terminal of its own; `out` is all that the terminal received.
Finished RunOnTerminal(const std::vector<std::string>& words,
                       const std::vector<std::string>& environment);

// The genledgerctl that was built for this test.
std::string Genledgerctl();

}  // namespace genledger::test
