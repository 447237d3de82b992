#include "service/dispatch/retention_sweeper.h"

#include <string>
#include <utility>

namespace genledger {

RetentionSweeper::RetentionSweeper(const RetentionOptions& options, Collaborators collaborators)
    : options_(options),
      store_(collaborators.store),
      timers_(collaborators.timers),
      clock_(collaborators.clock),
      timer_clock_(collaborators.timer_clock),
      logger_(collaborators.logger) {}

void RetentionSweeper::Start() { StepAfter(options_.sweep_interval); }

void RetentionSweeper::StepAfter(absl::Duration delay) {
  {
    const absl::Time when = clock_->Now() + delay;
    absl::MutexLock lock(&mu_);
    step_time_ = when;
  }
  timers_->At(timer_clock_->Now() + delay, [this] { Step(); });
}

bool RetentionSweeper::MayDelete(absl::Time now) {
  absl::Time late_since;
  absl::Time resume;
  {
    absl::MutexLock lock(&mu_);
    if (now - step_time_ < options_.clock_jump) {
      // Also after the clock was set right again.
      return now >= resume_time_ || resume_time_ - now > options_.clock_jump;
    }
    late_since = step_time_;
    resume = resume_time_ = now + options_.clock_jump;
  }
  logger_->Log(Severity::kError, "clock_jumped",
               {{"from", absl::FormatTime(late_since, absl::UTCTimeZone())},
                {"to", absl::FormatTime(now, absl::UTCTimeZone())},
                {"nothing_is_deleted_until", absl::FormatTime(resume, absl::UTCTimeZone())}});
  return false;
}

void RetentionSweeper::Step() {
  const absl::Time now = clock_->Now();
  if (!MayDelete(now)) {
    StepAfter(options_.sweep_interval);
    return;
  }
  PurgeCommand command{.finished_before = now - options_.retention,
                       .tombstones_before = now - options_.tombstone_retention,
                       .caller_time = now,
                       .rows_max = options_.rows_per_step};
  {
    absl::MutexLock lock(&mu_);
    command.after = after_;
  }
  store_->Purge(std::move(command),
                [this](absl::StatusOr<PurgeOutcome> outcome) { OnPurged(std::move(outcome)); });
}

void RetentionSweeper::OnPurged(absl::StatusOr<PurgeOutcome> outcome) {
  if (!outcome.ok()) {
    logger_->Log(Severity::kWarning, "purge_failed", {{"error", outcome.status().ToString()}});
    EndSweep();
    return;
  }
  {
    absl::MutexLock lock(&mu_);
    submissions_ += outcome->submissions;
    tombstones_ += outcome->tombstones;
    after_ = outcome->next;
  }
  if (outcome->has_more) {
    StepAfter(options_.step_pause);
  } else {
    EndSweep();
  }
}

void RetentionSweeper::EndSweep() {
  int64_t submissions = 0;
  int64_t tombstones = 0;
  {
    absl::MutexLock lock(&mu_);
    after_ = SubmissionId();
    std::swap(submissions, submissions_);
    std::swap(tombstones, tombstones_);
  }
  if (submissions > 0 || tombstones > 0) {
    logger_->Log(Severity::kInfo, "purged",
                 {{"submissions", std::to_string(submissions)},
                  {"request_ids", std::to_string(tombstones)}});
  }
  StepAfter(options_.sweep_interval);
}

}  // namespace genledger
