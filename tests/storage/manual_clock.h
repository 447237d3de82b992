// A clock that stands still until it is moved.
#pragma once

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/base/clock.h"

namespace genledger {

// Thread safe.
class ManualClock : public Clock {
 public:
  absl::Time Now() override {
    absl::MutexLock lock(&mu_);
    return now_;
  }
  void Advance(absl::Duration duration) {
    absl::MutexLock lock(&mu_);
    now_ += duration;
  }

 private:
  absl::Mutex mu_;
  // Nanoseconds on purpose: stores keep microseconds and must answer what they keep.
  absl::Time now_ ABSL_GUARDED_BY(mu_) = absl::FromUnixNanos(1795000000123456789);
};

}  // namespace genledger
