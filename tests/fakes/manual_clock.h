// A clock that stands still until a test moves it.
#pragma once

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/base/clock.h"

namespace genledger::fakes {

// Thread safe.
class ManualClock : public Clock {
 public:
  // 2026-01-01T00:00:00Z and a bit: nanoseconds on purpose, as stores keep microseconds and must
  // answer what they keep.
  static absl::Time StartTime() { return absl::FromUnixNanos(1'767'225'600'123'456'789); }

  absl::Time Now() override {
    absl::MutexLock lock(&mu_);
    return now_;
  }
  void Set(absl::Time now) {
    absl::MutexLock lock(&mu_);
    now_ = now;
  }
  void Advance(absl::Duration duration) {
    absl::MutexLock lock(&mu_);
    now_ += duration;
  }

 private:
  absl::Mutex mu_;
  absl::Time now_ ABSL_GUARDED_BY(mu_) = StartTime();
};

}  // namespace genledger::fakes
