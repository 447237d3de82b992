#include "tests/clients/cpp/genledgerctl/process.h"

#include <fcntl.h>
#include <pty.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <thread>

namespace genledger::test {
namespace {

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) {
    pointers.push_back(const_cast<char*>(text.c_str()));
  }
  pointers.push_back(nullptr);
  return pointers;
}

// Until the end; a terminal's end is an error (EIO).
std::string ReadAll(int file) {
  std::string all;
  std::array<char, 4096> buffer{};
  for (ssize_t got = 0; (got = read(file, buffer.data(), buffer.size())) > 0;) {
    all.append(buffer.data(), static_cast<size_t>(got));
  }
  close(file);
  return all;
}

int Wait(pid_t pid) {
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

struct Pipe {
  Pipe() {
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
      ends = {-1, -1};
    }
  }
  std::array<int, 2> ends{};
};

}  // namespace

Finished RunProcess(const std::vector<std::string>& words,
                    const std::vector<std::string>& environment, const std::string& input) {
  const Pipe in;
  const Pipe out;
  const Pipe err;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.ends[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out.ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err.ends[1], STDERR_FILENO);
  pid_t pid = -1;
  const int failure = posix_spawn(&pid, words.front().c_str(), &actions, nullptr,
                                  Pointers(words).data(), Pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  close(in.ends[0]);
  close(out.ends[1]);
  close(err.ends[1]);
  const ssize_t written = write(in.ends[1], input.data(), input.size());
  close(in.ends[1]);
  Finished finished;
  if (failure != 0 || written != static_cast<ssize_t>(input.size())) {
    finished.err = "cannot run " + words.front();
    return finished;
  }
  std::thread errors([&] { finished.err = ReadAll(err.ends[0]); });
  finished.out = ReadAll(out.ends[0]);
  errors.join();
  finished.exit_code = Wait(pid);
  return finished;
}

Finished RunOnTerminal(const std::vector<std::string>& words,
                       const std::vector<std::string>& environment) {
  const std::vector<char*> arguments = Pointers(words);
  const std::vector<char*> variables = Pointers(environment);
  int terminal = -1;
  const pid_t pid = forkpty(&terminal, nullptr, nullptr, nullptr);
  if (pid == 0) {
    execve(arguments.front(), arguments.data(), variables.data());
    _exit(127);
  }
  Finished finished;
  if (pid < 0) {
    finished.err = "cannot open a terminal";
    return finished;
  }
  finished.out = ReadAll(terminal);
  finished.exit_code = Wait(pid);
  return finished;
}

std::string Genledgerctl() { return "clients/cpp/genledgerctl/genledgerctl"; }

}  // namespace genledger::test
