#include "service/domain/transitions.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "service/base/check.h"
#include "service/base/errors.h"
#include "service/domain/transition_table.h"

namespace genledger {
namespace {

constexpr absl::Duration kReopenDelayInitial = absl::Seconds(30);
constexpr absl::Duration kReopenDelayMax = absl::Minutes(10);

// Collects the changes of one transition; every exit of a transition goes through Finish, which
// stamps the record.
class ChangeBuilder {
 public:
  ChangeBuilder(const Submission& before, absl::Time now) : now_(now) {
    change_.submission = before;
  }

  Submission& submission() { return change_.submission; }
  void set_attempt(Attempt attempt) { change_.attempt = std::move(attempt); }

  // Moves to `to`, which the table must allow.
  void MoveTo(TransitionEvent event, SubmissionState to) {
    GL_CHECK(TransitionAllowed(change_.submission.state, event, to),
             "a transition computed a target that its table does not allow");
    change_.submission.state = to;
  }

  // Ends the step with its event; state, revision and time are filled in here.
  Change Finish(SubmissionEvent event) && {
    Submission& submission = change_.submission;
    submission.update_time = now_;
    event.revision = ++submission.revision;
    event.time = now_;
    event.state = submission.state;
    change_.events.push_back(std::move(event));
    return std::move(change_);
  }

 private:
  const absl::Time now_;
  Change change_;
};

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

void EndLease(Submission& submission) {
  submission.lease_owner.clear();
  submission.lease_expire_time = absl::InfinitePast();
}

void BecomeSubmitted(Submission& submission, absl::Time now) {
  submission.submit_time = now;
  submission.dedupe_expire_time = now + submission.dedupe_window;
  submission.next_attempt_time = absl::InfinitePast();
  submission.cancel_request_time = absl::InfinitePast();
  submission.failure.reset();
}

// Where a submission goes whose current attempt was certainly not accepted (DESIGN.md section 2).
void SettleNotAccepted(ChangeBuilder& builder, TransitionEvent event,
                       std::optional<absl::Time> retry_time, absl::Time now) {
  Submission& submission = builder.submission();
  if (!submission.task_id.empty()) {
    builder.MoveTo(event, SubmissionState::kSubmitted);
    BecomeSubmitted(submission, now);
  } else if (submission.unsettled_attempts > 0) {
    builder.MoveTo(event, SubmissionState::kOutcomeUnknown);
  } else if (submission.cancel_request_time != absl::InfinitePast()) {
    builder.MoveTo(event, SubmissionState::kCancelled);
    submission.holds_hash = false;
  } else if (event == TransitionEvent::kRefusedForNow && retry_time.has_value()) {
    builder.MoveTo(event, SubmissionState::kPending);
    submission.next_attempt_time = *retry_time;
  } else {
    builder.MoveTo(event, SubmissionState::kFailed);
    EndInFailure(submission, now);
  }
}

std::string_view EventTypeOf(SubmissionState state) {
  switch (state) {
    case SubmissionState::kPending:
      return "retry_scheduled";
    case SubmissionState::kSubmitted:
      return "accepted";
    case SubmissionState::kCancelled:
      return "cancelled";
    case SubmissionState::kOutcomeUnknown:
      return "unknown";
    default:
      return "refused";
  }
}

AttemptOutcome OutcomeOf(AttemptClass outcome) {
  switch (outcome) {
    case AttemptClass::kNotSent:
      return AttemptOutcome::kNotSent;
    case AttemptClass::kAccepted:
      return AttemptOutcome::kAccepted;
    case AttemptClass::kRefused:
    case AttemptClass::kRefusedAccount:
      return AttemptOutcome::kRefused;
    case AttemptClass::kRefusedTransient:
      return AttemptOutcome::kRefusedTransient;
    case AttemptClass::kAmbiguous:
    case AttemptClass::kInProgress:  // no room was left to go on with it
      return AttemptOutcome::kAmbiguous;
  }
  return AttemptOutcome::kAmbiguous;
}

Attempt EndedAttempt(Attempt attempt, const AttemptResult& result, absl::Time now) {
  attempt.outcome = OutcomeOf(result.outcome);
  attempt.end_time = now;
  attempt.http_status = result.http_status;
  attempt.upstream_code = result.upstream_code;
  attempt.upstream_message = result.upstream_message;
  attempt.upstream_request_id = result.upstream_request_id;
  attempt.task_ids = result.task_ids;
  return attempt;
}

// The charges and counters of one ended attempt (DESIGN.md section 2, "Charges").
void CountOutcome(Submission& submission, const AttemptResult& result) {
  switch (OutcomeOf(result.outcome)) {
    case AttemptOutcome::kAccepted:
      ++submission.charges_min;
      break;
    case AttemptOutcome::kNotSent:
      --submission.charges_max;
      --submission.upstream_posts_sent;
      break;
    case AttemptOutcome::kAmbiguous:
      ++submission.unsettled_attempts;
      break;
    default:
      // A refusal that only --trust_5xx_envelope made one may have been charged all the same.
      if (!result.trusted_envelope) {
        --submission.charges_max;
      }
  }
  if (result.outcome != AttemptClass::kNotSent && result.counts_against_posts) {
    ++submission.run_counted_posts;
  }
  if (result.trusted_envelope) {
    ++submission.run_trusted_refusals;
  }
}

absl::Status CheckFence(const Submission& before, const std::optional<Attempt>& attempt,
                        int32_t number, int64_t epoch) {
  if (before.state != SubmissionState::kDispatching || before.attempt_count != number ||
      before.epoch != epoch) {
    return errors::FencedOff(before.id, "the attempt is no longer the current one");
  }
  GL_CHECK(attempt.has_value() && attempt->number == number,
           "a DISPATCHING submission without its attempt");
  return absl::OkStatus();
}

absl::StatusOr<Change> Apply(const Submission& before, const std::optional<Attempt>& current,
                             const FinishAttempt& finish, absl::Time now) {
  if (absl::Status fence = CheckFence(before, current, finish.attempt, finish.epoch); !fence.ok()) {
    return fence;
  }
  const AttemptResult& result = finish.result;
  ChangeBuilder builder(before, now);
  Submission& submission = builder.submission();
  EndLease(submission);
  CountOutcome(submission, result);
  const AttemptOutcome outcome = OutcomeOf(result.outcome);
  if (outcome == AttemptOutcome::kAccepted) {
    GL_CHECK(!result.task_ids.empty(), "ACCEPTED without a task id");
    if (submission.task_id.empty()) {
      submission.task_id = result.task_ids.front();
    }
    builder.MoveTo(TransitionEvent::kAccepted, SubmissionState::kSubmitted);
    BecomeSubmitted(submission, now);
  } else {
    submission.failure = Failure{.reason = result.reason,
                                 .message = result.upstream_message,
                                 .http_status = result.http_status,
                                 .retryable = IsRetryable(result.reason)};
    if (outcome == AttemptOutcome::kAmbiguous) {
      const bool known = !submission.task_id.empty();
      builder.MoveTo(TransitionEvent::kAmbiguous,
                     known ? SubmissionState::kSubmitted : SubmissionState::kOutcomeUnknown);
      if (known) {
        BecomeSubmitted(submission, now);
      }
    } else {
      const bool for_now =
          outcome == AttemptOutcome::kNotSent || outcome == AttemptOutcome::kRefusedTransient;
      SettleNotAccepted(
          builder, for_now ? TransitionEvent::kRefusedForNow : TransitionEvent::kRefusedForGood,
          finish.retry_time, now);
    }
  }
  builder.set_attempt(EndedAttempt(*current, result, now));
  SubmissionEvent event{.type = std::string(EventTypeOf(submission.state)),
                        .attempt = finish.attempt,
                        .actor = finish.actor,
                        .note = result.upstream_code,
                        .task_id = submission.task_id,
                        .outcome = outcome,
                        .reason = result.reason};
  return std::move(builder).Finish(std::move(event));
}

absl::StatusOr<Change> Apply(const Submission& before, const std::optional<Attempt>& current,
                             const ResendAttempt& resend, absl::Time now) {
  if (absl::Status fence = CheckFence(before, current, resend.attempt, resend.epoch); !fence.ok()) {
    return fence;
  }
  ChangeBuilder builder(before, now);
  ++builder.submission().upstream_posts_sent;
  return std::move(builder).Finish(
      {.type = "resent", .attempt = resend.attempt, .actor = resend.actor});
}

absl::StatusOr<Change> Apply(const Submission& before, const std::optional<Attempt>& current,
                             const ExpireLease& expire, absl::Time now) {
  FinishAttempt finish{.attempt = before.attempt_count, .epoch = expire.epoch};
  finish.actor = expire.actor;
  finish.result.outcome = AttemptClass::kAmbiguous;
  finish.result.reason = ErrorReason::kUpstreamOutcomeUnknown;
  finish.result.upstream_code = "lease_expired";
  finish.result.upstream_message = "the process that sent it ended before it recorded an outcome";
  return Apply(before, current, finish, now);
}

absl::StatusOr<Change> Apply(const Submission& before, const std::optional<Attempt>&,
                             const ExpireSubmitWithin& expire, absl::Time now) {
  if (before.state != SubmissionState::kPending || before.submit_deadline_time > now) {
    return errors::FencedOff(before.id, "submit_within has not run out");
  }
  ChangeBuilder builder(before, now);
  Submission& submission = builder.submission();
  if (!submission.failure.has_value()) {
    submission.failure = Failure{.reason = ErrorReason::kSubmitWithinExpired, .retryable = true};
  }
  builder.MoveTo(TransitionEvent::kSubmitWithinExpired, SubmissionState::kFailed);
  EndInFailure(submission, now);
  return std::move(builder).Finish(
      {.type = "expired", .actor = expire.actor, .reason = submission.failure->reason});
}

void HoldOrNot(Submission& submission) {
  submission.holds_hash = submission.dedupe_mode == DedupeMode::kContent;
}

}  // namespace

Change CreateSubmission(const NewSubmission& request, absl::Time now) {
  Submission empty;
  ChangeBuilder builder(empty, now);
  Submission& submission = builder.submission();
  submission.id = request.id;
  submission.scope = request.scope;
  submission.spec = request.spec;
  submission.variation = request.variation;
  submission.request_hash = request.request_hash;
  submission.hash_version = request.hash_version;
  submission.request_id = request.request_id;
  submission.dedupe_mode = request.dedupe_mode;
  submission.dedupe_window = request.dedupe_window;
  submission.labels = request.labels;
  submission.create_time = now;
  submission.state = SubmissionState::kPending;
  submission.request_id_count = request.request_id.empty() ? 0 : 1;
  submission.anonymous_caller = request.request_id.empty();
  submission.ambiguity_policy = request.ambiguity_policy;
  submission.submit_deadline_time = now + request.submit_within;
  submission.next_attempt_time = now;
  HoldOrNot(submission);
  return std::move(builder).Finish({.type = "created", .actor = request.actor});
}

absl::StatusOr<Change> ClaimSubmission(const Submission& before, const Claim& claim,
                                       absl::Time now) {
  if (!TransitionAllowed(before.state, TransitionEvent::kClaimed, SubmissionState::kDispatching)) {
    return errors::IllegalState(before.id, "only a PENDING submission can be claimed");
  }
  ChangeBuilder builder(before, now);
  Submission& submission = builder.submission();
  builder.MoveTo(TransitionEvent::kClaimed, SubmissionState::kDispatching);
  ++submission.attempt_count;
  ++submission.run_attempts;
  ++submission.epoch;
  ++submission.upstream_posts_sent;
  ++submission.charges_max;
  submission.next_attempt_time = absl::InfinitePast();
  submission.lease_owner = claim.replica;
  submission.lease_expire_time = now + claim.lease;
  builder.set_attempt(
      {.number = submission.attempt_count,
       .run = submission.run,
       .start_time = now,
       .idempotency_key = claim.send_idempotency_key
                              ? absl::StrCat(submission.id.value(), "-", submission.run)
                              : std::string(),
       .base_url = claim.base_url,
       .credential_fingerprint = claim.credential_fingerprint,
       .replica = claim.replica,
       .epoch = submission.epoch});
  return std::move(builder).Finish(
      {.type = "claimed", .attempt = submission.attempt_count, .actor = claim.replica});
}

absl::StatusOr<Change> ApplyTransition(const Submission& before,
                                       const std::optional<Attempt>& current_attempt,
                                       const Transition& transition, absl::Time now) {
  return std::visit([&](const auto& step) { return Apply(before, current_attempt, step, now); },
                    transition);
}

absl::StatusOr<Change> ReopenSubmission(const Submission& before, absl::Duration submit_within,
                                        const std::string& actor, absl::Time now) {
  if (!TransitionAllowed(before.state, TransitionEvent::kReopened, SubmissionState::kPending) ||
      !before.superseded_by.empty()) {
    return errors::IllegalState(before.id, "only a FAILED or CANCELLED submission can be reopened");
  }
  ChangeBuilder builder(before, now);
  Submission& submission = builder.submission();
  builder.MoveTo(TransitionEvent::kReopened, SubmissionState::kPending);
  ++submission.run;
  submission.run_attempts = 0;
  submission.run_counted_posts = 0;
  submission.run_trusted_refusals = 0;
  submission.failure.reset();
  submission.cancel_request_time = absl::InfinitePast();
  submission.submit_deadline_time = now + submit_within;
  submission.next_attempt_time = now;
  HoldOrNot(submission);
  return std::move(builder).Finish({.type = "reopened", .actor = actor});
}

absl::Duration ReopenDelay(int32_t failed_runs) {
  absl::Duration delay = kReopenDelayInitial;
  for (int32_t i = 0; i < failed_runs && delay < kReopenDelayMax; ++i) {
    delay *= 2;
  }
  return std::min(delay, kReopenDelayMax);
}

Change Merge(Change first, Change next) {
  for (SubmissionEvent& event : next.events) {
    first.events.push_back(std::move(event));
  }
  first.submission = std::move(next.submission);
  if (next.attempt.has_value()) {
    first.attempt = std::move(next.attempt);
  }
  return first;
}

}  // namespace genledger
