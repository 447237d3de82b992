// How far this machine's clock is from the database's, by which all times of submissions are: for
// the log, as nothing that is decided depends on it (service/dispatch/store_offset.h).
#pragma once

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/base/clock.h"
#include "service/base/logger.h"

namespace genledger::postgres {

// Thread safe.
class SkewWatch {
 public:
  SkewWatch(Clock* clock, Logger* logger) : clock_(clock), logger_(logger) {}

  absl::Time Now() const { return clock_->Now(); }
  // The database said `database_time` between two moments of ours. Logs a warning, at most once a
  // minute, when the clocks are certainly further apart than any that are looked after.
  void Note(absl::Time asked, absl::Time answered, absl::Time database_time);

  // The least that the clocks are apart by the last note; positive: the database's is ahead.
  absl::Duration skew() const;

 private:
  Clock* const clock_;
  Logger* const logger_;
  mutable absl::Mutex mu_;
  absl::Duration skew_ ABSL_GUARDED_BY(mu_) = absl::ZeroDuration();
  absl::Time next_warning_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
};

}  // namespace genledger::postgres
