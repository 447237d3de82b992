// A program that the benchmark starts, and ends by its pid.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace genledger::bench {

struct ChildCommand {
  std::string program;
  std::vector<std::string> arguments;
  std::vector<std::string> environment;  // "NAME=value", in addition to our own
  std::string log_path;                  // its output; appended to
};

// The child ends with this object at the latest, and with this process, however that ends. It has a
// process group of its own, so that Ctrl-C is ours alone. Not thread safe; must be started on the
// main thread, with whose end the kernel would end the child.
class ChildProcess {
 public:
  // UNAVAILABLE if there can be no more processes. A program that cannot be run ends at once.
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(const ChildCommand& command);

  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }

  // The number that the child writes into `path` once it serves. UNAVAILABLE, with the end of its
  // log, if it ended first; DEADLINE_EXCEEDED after `patience`.
  absl::StatusOr<int> AwaitPort(const std::string& path, absl::Duration patience);

  // Until the child has said that. Fails as AwaitPort.
  absl::Status AwaitOutput(const std::string& text, absl::Duration patience);

  // SIGTERM, then waits. INTERNAL, with the end of its log, if the child failed;
  // DEADLINE_EXCEEDED after `patience`, when it is killed.
  absl::Status Stop(absl::Duration patience);

 private:
  ChildProcess(pid_t pid, std::string program, std::string log_path)
      : pid_(pid), program_(std::move(program)), log_path_(std::move(log_path)) {}

  bool HasEnded();
  // Asks again and again.
  absl::Status AwaitCondition(const std::function<bool()>& condition, absl::Duration patience);
  std::string Log() const;
  std::string EndOfLog() const;

  const pid_t pid_;
  const std::string program_;
  const std::string log_path_;
  bool ended_ = false;
  int wait_status_ = 0;
};

}  // namespace genledger::bench
