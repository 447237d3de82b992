#include "tests/bench/interrupt.h"

#include <signal.h>

#include <algorithm>
#include <atomic>

#include "absl/time/clock.h"
#include "service/base/status_macros.h"

namespace genledger::bench {
namespace {

constexpr absl::Duration kLookAgain = absl::Milliseconds(50);

// Signals belong to the process, and so does what they leave behind.
std::atomic<bool> interrupted{false};

void Remember(int) { interrupted.store(true); }

}  // namespace

void RememberInterrupts() {
  struct sigaction action {};
  action.sa_handler = Remember;
  action.sa_flags = SA_RESTART | static_cast<int>(SA_RESETHAND);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    sigaction(number, &action, nullptr);
  }
}

absl::Status CheckInterrupt() {
  return interrupted.load() ? absl::CancelledError("interrupted") : absl::OkStatus();
}

absl::Status SleepUntil(absl::Time time) {
  while (true) {
    GL_RETURN_IF_ERROR(CheckInterrupt());
    const absl::Duration left = time - absl::Now();
    if (left <= absl::ZeroDuration()) {
      return absl::OkStatus();
    }
    absl::SleepFor(std::min(left, kLookAgain));
  }
}

}  // namespace genledger::bench
