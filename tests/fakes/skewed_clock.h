// Another machine's clock: runs like ours, and may be set wrong.
#pragma once

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/base/clock.h"

namespace genledger::fakes {

// Thread safe.
class SkewedClock : public Clock {
 public:
  // `ours` must outlive it.
  explicit SkewedClock(Clock* ours) : ours_(ours) {}

  absl::Time Now() override {
    absl::MutexLock lock(&mu_);
    return ours_->Now() + ahead_;
  }
  void SetAhead(absl::Duration ahead) {
    absl::MutexLock lock(&mu_);
    ahead_ = ahead;
  }

 private:
  Clock* const ours_;
  absl::Mutex mu_;
  absl::Duration ahead_ ABSL_GUARDED_BY(mu_) = absl::ZeroDuration();
};

}  // namespace genledger::fakes
