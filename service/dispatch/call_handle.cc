#include "service/dispatch/call_handle.h"

namespace genledger {

void CallHandle::StopWaiting() {
  ChangeHub* hub = nullptr;
  ChangeHub::WaiterId waiter = 0;
  {
    absl::MutexLock lock(&mu_);
    stopped_ = true;
    hub = hub_;
    waiter = waiter_;
  }
  if (hub != nullptr) {
    hub->Release(waiter);
  }
}

void CallHandle::Waits(ChangeHub* hub, ChangeHub::WaiterId waiter) {
  bool stopped = false;
  {
    absl::MutexLock lock(&mu_);
    hub_ = hub;
    waiter_ = waiter;
    stopped = stopped_;
  }
  if (stopped) {
    hub->Release(waiter);
  }
}

}  // namespace genledger
