#include "tests/bench/process_usage.h"

#include <time.h>

#include <fstream>
#include <sstream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace genledger::bench {
namespace {

absl::Status NoProcess(pid_t pid) {
  return absl::NotFoundError(absl::StrCat("there is no process ", pid));
}

}  // namespace

absl::StatusOr<absl::Duration> CpuTime(pid_t pid) {
  clockid_t clock = 0;
  timespec used{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0) {
    return NoProcess(pid);
  }
  return absl::DurationFromTimespec(used);
}

absl::Duration ThreadCpuTime() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return absl::DurationFromTimespec(used);
}

absl::StatusOr<ProcessSize> SizeOf(pid_t pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/status"));
  ProcessSize size;
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string name;
    int64_t number = 0;
    fields >> name >> number;
    if (name == "VmHWM:") {
      size.resident_bytes_max = number * 1024;
    } else if (name == "VmRSS:") {
      size.resident_bytes = number * 1024;
    } else if (name == "Threads:") {
      size.threads = static_cast<int32_t>(number);
    }
  }
  if (size.resident_bytes == 0) {
    return NoProcess(pid);
  }
  return size;
}

std::vector<pid_t> WithChildren(pid_t pid) {
  std::vector<pid_t> pids = {pid};
  std::ifstream file(absl::StrCat("/proc/", pid, "/task/", pid, "/children"));
  for (pid_t child = 0; file >> child;) {
    pids.push_back(child);
  }
  return pids;
}

}  // namespace genledger::bench
