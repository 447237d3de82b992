// What a process has used, as the kernel counts it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace genledger::bench {

// CPU time, user and system, of all threads that the process has or had, in nanoseconds (not in
// ticks). NOT_FOUND if there is no such process.
absl::StatusOr<absl::Duration> CpuTime(pid_t pid);

// CPU time of the calling thread.
absl::Duration ThreadCpuTime();

struct ProcessSize {
  int64_t resident_bytes = 0;
  int64_t resident_bytes_max = 0;  // since it started
  int32_t threads = 0;
};

// NOT_FOUND if there is no such process.
absl::StatusOr<ProcessSize> SizeOf(pid_t pid);

// The process and its children (not theirs), which is all of a PostgreSQL.
std::vector<pid_t> WithChildren(pid_t pid);

}  // namespace genledger::bench
