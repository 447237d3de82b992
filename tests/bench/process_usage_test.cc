#include "tests/bench/process_usage.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vector>

#include "gtest/gtest.h"

namespace genledger::bench {
namespace {

// Uses CPU until the clock says so.
void Burn(absl::Duration cpu) {
  const absl::Duration end = ThreadCpuTime() + cpu;
  while (ThreadCpuTime() < end) {
  }
}

TEST(ProcessUsage, CpuTimeCountsWhatWasUsed) {
  const absl::StatusOr<absl::Duration> before = CpuTime(getpid());
  ASSERT_TRUE(before.ok());
  Burn(absl::Milliseconds(3));  // less than a tick
  const absl::StatusOr<absl::Duration> after = CpuTime(getpid());
  ASSERT_TRUE(after.ok());
  EXPECT_GE(*after - *before, absl::Milliseconds(3));
}

TEST(ProcessUsage, TellsTheSizeOfAProcess) {
  const absl::StatusOr<ProcessSize> before = SizeOf(getpid());
  ASSERT_TRUE(before.ok());
  EXPECT_EQ(before->threads, 1);
  constexpr size_t kBytes = size_t{64} << 20;
  {
    const std::vector<char> touched(kBytes, 'x');
    EXPECT_GE(SizeOf(getpid())->resident_bytes,
              before->resident_bytes + static_cast<int64_t>(kBytes) / 2);
    EXPECT_EQ(touched.back(), 'x');
  }
  EXPECT_GE(SizeOf(getpid())->resident_bytes_max,
            before->resident_bytes + static_cast<int64_t>(kBytes) / 2);
}

TEST(ProcessUsage, KnowsTheChildrenOfAProcess) {
  const pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  EXPECT_EQ(WithChildren(getpid()), (std::vector<pid_t>{getpid(), child}));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_EQ(WithChildren(getpid()), (std::vector<pid_t>{getpid()}));
}

TEST(ProcessUsage, AProcessThatHasEndedIsNotFound) {
  const pid_t child = fork();
  if (child == 0) {
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  EXPECT_EQ(CpuTime(child).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(SizeOf(child).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace genledger::bench
