#include "tests/fakes/wall_clock_step.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <ctime>

namespace genledger::fakes {
namespace {

std::atomic<int64_t> ahead_seconds{0};

}  // namespace

WallClockStep::WallClockStep(absl::Duration ahead) { ahead_seconds = absl::ToInt64Seconds(ahead); }
WallClockStep::~WallClockStep() { ahead_seconds = 0; }

}  // namespace genledger::fakes

// In the place of libc's, also for the libraries.
extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const int64_t result = syscall(SYS_clock_gettime, clock, time);
  if (result == 0 && clock == CLOCK_REALTIME) {
    time->tv_sec += genledger::fakes::ahead_seconds.load();
  }
  return static_cast<int>(result);
}
