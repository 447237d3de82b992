// Wrong on purpose: of all acceptances of a submission only the first one is counted.
#include "service/domain/settlement.h"

#include <algorithm>
#include <utility>

#include "service/base/check.h"

namespace genledger {
namespace {

constexpr absl::Duration kReopenDelayInitial = absl::Seconds(30);
constexpr absl::Duration kReopenDelayMax = absl::Minutes(10);

// Whether another attempt was accepted with one of these tasks.
bool IsReplay(const std::vector<TaskId>& task_ids, const Attempt& attempt,
              const std::vector<Attempt>& attempts) {
  return std::any_of(attempts.begin(), attempts.end(), [&](const Attempt& other) {
    return other.number != attempt.number &&
           std::find_first_of(other.task_ids.begin(), other.task_ids.end(), task_ids.begin(),
                              task_ids.end()) != other.task_ids.end();
  });
}

}  // namespace

absl::Duration ReopenDelay(int32_t failed_runs) {
  absl::Duration delay = kReopenDelayInitial;
  for (int32_t i = 0; i < failed_runs && delay < kReopenDelayMax; ++i) {
    delay *= 2;
  }
  return std::min(delay, kReopenDelayMax);
}

bool IsRetryable(ErrorReason reason) {
  return reason == ErrorReason::kUpstreamUnavailable ||
         reason == ErrorReason::kUpstreamRateLimited || reason == ErrorReason::kSubmitWithinExpired;
}

void EndInFailure(Submission& submission, absl::Time now) {
  GL_CHECK(submission.failure.has_value(), "FAILED without a failure");
  submission.failure->reopen_time = now + ReopenDelay(submission.failed_runs);
  ++submission.failed_runs;
  submission.next_attempt_time = absl::InfinitePast();
  submission.holds_hash = false;
}

void EndAbandoned(Submission& submission, absl::Time now) {
  submission.next_attempt_time = absl::InfinitePast();
  submission.holds_hash = false;
  submission.dedupe_expire_time = now + submission.dedupe_window;
}

void BecomeSubmitted(Submission& submission, bool hash_is_free, absl::Time now) {
  submission.submit_time = now;
  submission.dedupe_expire_time = now + submission.dedupe_window;
  submission.next_attempt_time = absl::InfinitePast();
  submission.cancel_request_time = absl::InfinitePast();
  submission.failure.reset();
  if (!submission.holds_hash && submission.dedupe_mode == DedupeMode::kContent) {
    submission.holds_hash = hash_is_free;
  }
}

void SettleAccepted(Submission& submission, Attempt& attempt, std::vector<TaskId> task_ids,
                    const std::vector<Attempt>& attempts) {
  GL_CHECK(!task_ids.empty(), "ACCEPTED without a task id");
  if (attempt.outcome == AttemptOutcome::kAmbiguous) {
    --submission.unsettled_attempts;
  } else if (attempt.outcome == AttemptOutcome::kNotSent) {
    ++submission.upstream_posts_sent;  // it left after all
  }
  if (!attempt.may_be_charged) {
    attempt.may_be_charged = true;
    ++submission.charges_max;
  }
  if (submission.charges_min == 0 && !IsReplay(task_ids, attempt, attempts)) {
    submission.charges_min = 1;
  }
  attempt.outcome = AttemptOutcome::kAccepted;
  attempt.task_ids = std::move(task_ids);
  if (submission.task_id.empty()) {
    submission.task_id = attempt.task_ids.front();
  }
}

void TakeOffCharge(Submission& submission, Attempt& attempt) {
  if (attempt.may_be_charged) {
    attempt.may_be_charged = false;
    --submission.charges_max;
  }
}

void SettleNotAccepted(ChangeBuilder& builder, TransitionEvent event,
                       std::optional<absl::Time> retry_time, bool hash_is_free) {
  Submission& submission = builder.submission();
  if (!submission.task_id.empty()) {
    builder.MoveTo(event, SubmissionState::kSubmitted);
    BecomeSubmitted(submission, hash_is_free, builder.now());
  } else if (submission.unsettled_attempts > 0) {
    builder.MoveTo(event, SubmissionState::kOutcomeUnknown);
  } else if (submission.cancel_request_time != absl::InfinitePast()) {
    builder.MoveTo(event, SubmissionState::kCancelled);
    submission.next_attempt_time = absl::InfinitePast();
    submission.holds_hash = false;
  } else if (retry_time.has_value()) {
    builder.MoveTo(event, SubmissionState::kPending);
    submission.next_attempt_time = *retry_time;
  } else {
    builder.MoveTo(event, SubmissionState::kFailed);
    EndInFailure(submission, builder.now());
  }
}

}  // namespace genledger
