// Forgets what is old enough: when the ledger is swept, and in what steps.
#pragma once

#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/base/clock.h"
#include "service/base/logger.h"
#include "service/base/timer_queue.h"
#include "storage/workflow_store.h"

namespace genledger {

struct RetentionOptions {
  // How long a finished submission is kept after its last change; InfiniteDuration: for ever.
  absl::Duration retention = absl::Hours(30 * 24);
  // How long its request_ids are then still refused, from the same moment; at least `retention`.
  absl::Duration tombstone_retention = absl::Hours(90 * 24);
  // A sweep goes in steps of so many submissions, one write each, with a pause between them, so
  // that no call waits long behind it.
  int32_t rows_per_step = 200;
  absl::Duration step_pause = absl::Milliseconds(50);
  // From the end of one sweep to the next one.
  absl::Duration sweep_interval = absl::Minutes(1);
  // A step that comes so much later than it was due means that the clock was set forward (or that
  // the machine slept): nothing is deleted for as long, because by a wrong clock everything is old.
  absl::Duration clock_jump = absl::Hours(24);
};

// Sweeps from Start on, until its timers are stopped. Owns no thread; thread safe. Its
// collaborators must outlive it, and it must outlive the store's callbacks (WorkflowStore::
// Shutdown).
class RetentionSweeper {
 public:
  struct Collaborators {
    WorkflowStore* store;
    TimerQueue* timers;
    Clock* clock;        // the wall clock
    Clock* timer_clock;  // of `timers`
    Logger* logger;
  };

  RetentionSweeper(const RetentionOptions& options, Collaborators collaborators);

  // Call once. The first sweep begins after sweep_interval.
  void Start();

 private:
  void Step();
  bool MayDelete(absl::Time now);
  void OnPurged(absl::StatusOr<PurgeOutcome> outcome);
  // Ends a sweep: the next one starts at the oldest submission again.
  void EndSweep();
  void StepAfter(absl::Duration delay);

  const RetentionOptions options_;
  WorkflowStore* const store_;
  TimerQueue* const timers_;
  Clock* const clock_;
  Clock* const timer_clock_;
  Logger* const logger_;

  absl::Mutex mu_;
  absl::Time step_time_ ABSL_GUARDED_BY(mu_) = absl::InfiniteFuture();
  absl::Time resume_time_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
  // Where the sweep has come to, and what it has deleted.
  SubmissionId after_ ABSL_GUARDED_BY(mu_);
  int64_t submissions_ ABSL_GUARDED_BY(mu_) = 0;
  int64_t tombstones_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace genledger
