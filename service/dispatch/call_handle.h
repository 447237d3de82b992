// What a front keeps of a call that waits.
#pragma once

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "service/dispatch/change_hub.h"

namespace genledger {

// Lets the front of a call give up waiting. The work goes on: it belongs to the row, never to the
// call (invariant 8). Thread safe.
class CallHandle {
 public:
  // Answers the call now, with what is known, if it waits. May come at any time.
  void StopWaiting();

  // For whoever carries out the call: it waits from now on. `hub` must outlive the handle's use.
  void Waits(ChangeHub* hub, ChangeHub::WaiterId waiter);

 private:
  absl::Mutex mu_;
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
  ChangeHub* hub_ ABSL_GUARDED_BY(mu_) = nullptr;
  ChangeHub::WaiterId waiter_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace genledger
