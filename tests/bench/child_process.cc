#include "tests/bench/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "service/base/status_macros.h"
#include "tests/bench/interrupt.h"

namespace genledger::bench {
namespace {

// A start is measured by this: it must be fine, and is cheap.
constexpr absl::Duration kLookAgain = absl::Microseconds(200);
constexpr size_t kLogBytesShown = 500;

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) {
    pointers.push_back(const_cast<char*>(text.c_str()));
  }
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> EnvironmentWith(const std::vector<std::string>& more) {
  std::vector<std::string> all = more;  // first: the first of two equal names counts
  for (char** variable = environ; *variable != nullptr; ++variable) {
    all.emplace_back(*variable);
  }
  return all;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Start(const ChildCommand& command) {
  std::vector<std::string> words = {command.program};
  words.insert(words.end(), command.arguments.begin(), command.arguments.end());
  const std::vector<std::string> environment = EnvironmentWith(command.environment);
  const std::vector<char*> argv = Pointers(words);
  const std::vector<char*> envp = Pointers(environment);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) {
    return absl::UnavailableError("no more processes can be started");
  }
  if (pid != 0) {
    return std::unique_ptr<ChildProcess>(new ChildProcess(pid, command.program, command.log_path));
  }
  // Only system calls from here on: other threads may hold any lock.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setpgid(0, 0);
  const int log = open(command.log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  if (getppid() == parent) {
    execve(argv.front(), argv.data(), envp.data());
  }
  _exit(127);
}

ChildProcess::~ChildProcess() {
  if (!HasEnded()) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
}

bool ChildProcess::HasEnded() {
  ended_ = ended_ || waitpid(pid_, &wait_status_, WNOHANG) == pid_;
  return ended_;
}

absl::Status ChildProcess::AwaitCondition(const std::function<bool()>& condition,
                                          absl::Duration patience) {
  const absl::Time deadline = absl::Now() + patience;
  while (!condition()) {
    if (HasEnded()) {
      return absl::UnavailableError(absl::StrCat(program_, " did not start: ", EndOfLog()));
    }
    if (absl::Now() > deadline) {
      return absl::DeadlineExceededError(absl::StrCat(program_, " does not serve: ", EndOfLog()));
    }
    GL_RETURN_IF_ERROR(SleepUntil(absl::Now() + kLookAgain));
  }
  return absl::OkStatus();
}

absl::StatusOr<int> ChildProcess::AwaitPort(const std::string& path, absl::Duration patience) {
  int port = 0;
  GL_RETURN_IF_ERROR(
      AwaitCondition([&] { return static_cast<bool>(std::ifstream(path) >> port); }, patience));
  return port;
}

absl::Status ChildProcess::AwaitOutput(const std::string& text, absl::Duration patience) {
  return AwaitCondition([&] { return Log().find(text) != std::string::npos; }, patience);
}

absl::Status ChildProcess::Stop(absl::Duration patience) {
  const absl::Time deadline = absl::Now() + patience;
  if (!HasEnded()) {
    kill(pid_, SIGTERM);
  }
  while (!HasEnded()) {
    if (absl::Now() > deadline) {
      kill(pid_, SIGKILL);
      waitpid(pid_, &wait_status_, 0);
      ended_ = true;
      return absl::DeadlineExceededError(absl::StrCat(program_, " did not end: ", EndOfLog()));
    }
    absl::SleepFor(kLookAgain);
  }
  if (!WIFEXITED(wait_status_) || WEXITSTATUS(wait_status_) != 0) {
    return absl::InternalError(absl::StrCat(program_, " failed: ", EndOfLog()));
  }
  return absl::OkStatus();
}

std::string ChildProcess::Log() const {
  std::ifstream file(log_path_);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string ChildProcess::EndOfLog() const {
  const std::string text = Log();
  return text.size() <= kLogBytesShown ? text : text.substr(text.size() - kLogBytesShown);
}

}  // namespace genledger::bench
