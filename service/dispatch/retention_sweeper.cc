#include "service/dispatch/retention_sweeper.h"

#include <string>
#include <utility>

namespace genledger {

RetentionSweeper::RetentionSweeper(const RetentionOptions& options, Collaborators collaborators)
    : options_(options),
      store_(collaborators.store),
      timers_(collaborators.timers),
      clock_(collaborators.clock),
      logger_(collaborators.logger) {}

void RetentionSweeper::Start() { StepAfter(options_.sweep_interval); }

void RetentionSweeper::StepAfter(absl::Duration delay) {
  timers_->At(clock_->Now() + delay, [this] { Step(); });
}

void RetentionSweeper::Step() {
  const absl::Time now = clock_->Now();
  PurgeCommand command{.finished_before = now - options_.retention,
                       .tombstones_before = now - options_.tombstone_retention,
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
