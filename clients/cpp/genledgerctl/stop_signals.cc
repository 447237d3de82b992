#include "clients/cpp/genledgerctl/stop_signals.h"

#include <ctime>

namespace genledger::ctl {
namespace {

bool IsIgnored(int number) {
  struct sigaction action = {};
  return sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

StopSignals::StopSignals() {
  sigemptyset(&waiting_);
  for (const int number : {SIGINT, SIGTERM}) {
    // One that is blocked would wait here in spite of being ignored.
    if (!IsIgnored(number)) {
      sigaddset(&waiting_, number);
    }
  }
  pthread_sigmask(SIG_BLOCK, &waiting_, &before_);
}

StopSignals::~StopSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

std::optional<int> StopSignals::Received() {
  const timespec at_once = {};
  const int number = sigtimedwait(&waiting_, nullptr, &at_once);
  if (number <= 0) {
    return std::nullopt;
  }
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  return number;
}

}  // namespace genledger::ctl
