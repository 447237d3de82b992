#include "clients/cpp/genledgerctl/watched_submission.h"

#include <algorithm>

#include "clients/cpp/genledgerctl/submission_view.h"
#include "clients/cpp/genledgerctl/time_text.h"

namespace genledger::ctl {
namespace {

using Submission = v1::Submission;

ExitCode ExitCodeOfFailure(const std::string& reason) {
  if (reason == "UPSTREAM_RATE_LIMITED") {
    return ExitCode::kResourceExhausted;
  }
  if (reason == "UPSTREAM_UNAVAILABLE" || reason == "SUBMIT_WITHIN_EXPIRED") {
    return ExitCode::kUnavailable;
  }
  return ExitCode::kFailedPrecondition;
}

}  // namespace

void WatchedSubmission::TakeSnapshot(const Submission& snapshot) { TakeRecord(snapshot); }

void WatchedSubmission::TakeEvent(const v1::SubmissionEvent& event) {
  if (event.revision() <= revision_) {
    return;
  }
  revision_ = event.revision();
  state_ = event.state();
  attempt_ = std::max(attempt_, event.attempt());
  if (task_id_.empty()) {
    task_id_ = event.task_id();
  }
  failure_reason_ = event.reason();
}

void WatchedSubmission::TakeRecord(const Submission& record) {
  if (record.revision() < revision_) {
    return;
  }
  record_ = record;
  record_.clear_attempts();
  revision_ = record.revision();
  state_ = record.state();
  task_id_ = record.task_id();
  failure_reason_ = record.failure().reason();
  for (const v1::Attempt& attempt : record.attempts()) {
    attempt_ = std::max(attempt_, attempt.number());
  }
}

bool WatchedSubmission::NeedsRecord() const {
  return record_.revision() < revision_ &&
         (state_ == Submission::STATE_PENDING || state_ == Submission::STATE_OUTCOME_UNKNOWN ||
          state_ == Submission::STATE_FAILED);
}

bool WatchedSubmission::HeldForAPerson(int64_t told_revision) const {
  return state_ == Submission::STATE_OUTCOME_UNKNOWN && !NeedsRecord() &&
         revision_ <= told_revision && !record_.has_next_attempt_time();
}

ExitCode WatchedSubmission::exit_code() const {
  switch (state_) {
    case Submission::STATE_SUBMITTED:
      return ExitCode::kOk;
    case Submission::STATE_FAILED:
      return ExitCodeOfFailure(failure_reason_);
    case Submission::STATE_CANCELLED:
      return ExitCode::kFailedPrecondition;
    case Submission::STATE_OUTCOME_UNKNOWN:
    case Submission::STATE_ABANDONED:
      return ExitCode::kOutcomeUnknown;
    case Submission::STATE_PENDING:
    case Submission::STATE_DISPATCHING:
      return ExitCode::kPending;
    default:
      return ExitCode::kOther;
  }
}

std::string WatchedSubmission::Reason() const {
  switch (state_) {
    case Submission::STATE_FAILED:
      return failure_reason_;
    case Submission::STATE_CANCELLED:
      return "SUBMISSION_CANCELLED";
    case Submission::STATE_OUTCOME_UNKNOWN:
      return "UPSTREAM_OUTCOME_UNKNOWN";
    case Submission::STATE_ABANDONED:
      return "SUBMISSION_ABANDONED";
    default:
      return "";
  }
}

std::string WatchedSubmission::LiveText(absl::Time now) const {
  std::string text = StateName(state_);
  if (attempt_ > 0) {
    text += ", attempt " + std::to_string(attempt_);
  }
  if (NeedsRecord() || !record_.has_next_attempt_time()) {
    return text;
  }
  const std::string when = " in " + AgeText(FromProto(record_.next_attempt_time()) - now);
  if (state_ == Submission::STATE_PENDING) {
    text += ", next attempt" + when;
  } else if (state_ == Submission::STATE_OUTCOME_UNKNOWN) {
    text += ", its policy acts" + when;
  }
  return text;
}

std::string WatchedSubmission::TaskIdOrId() const {
  Submission latest;
  latest.set_id(record_.id());
  latest.set_task_id(task_id_);
  return ctl::TaskIdOrId(latest);
}

}  // namespace genledger::ctl
