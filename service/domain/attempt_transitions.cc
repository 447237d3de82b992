#include "service/domain/attempt_transitions.h"

#include <algorithm>
#include <utility>

#include "service/base/check.h"
#include "service/base/errors.h"
#include "service/domain/fencing.h"
#include "service/domain/settlement.h"

namespace genledger {
namespace {

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

bool IsForNow(AttemptOutcome outcome) {
  return outcome == AttemptOutcome::kNotSent || outcome == AttemptOutcome::kRefusedTransient;
}

std::string EventTypeOf(SubmissionState state) {
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

const Attempt* FindAttempt(const std::vector<Attempt>& attempts, int32_t number) {
  const auto found = std::find_if(attempts.begin(), attempts.end(),
                                  [number](const Attempt& a) { return a.number == number; });
  return found == attempts.end() ? nullptr : &*found;
}

std::vector<Attempt> With(std::vector<Attempt> attempts, const Attempt& changed) {
  for (Attempt& attempt : attempts) {
    if (attempt.number == changed.number) {
      attempt = changed;
    }
  }
  return attempts;
}

void CopyAnswer(const AttemptResult& result, Attempt& attempt, absl::Time now) {
  attempt.end_time = now;
  attempt.http_status = result.http_status;
  attempt.upstream_code = result.upstream_code;
  attempt.upstream_message = result.upstream_message;
  attempt.upstream_request_id = result.upstream_request_id;
}

// An attempt that was certainly not accepted: outcome and charges (DESIGN.md section 2, "Charges").
void SettleRefused(Submission& submission, Attempt& attempt, const FinishAttempt& finish) {
  const AttemptResult& result = finish.result;
  if (attempt.outcome == AttemptOutcome::kAmbiguous) {
    --submission.unsettled_attempts;
  }
  attempt.outcome = OutcomeOf(result.outcome);
  // A refusal that only --trust_5xx_envelope made one may have been charged all the same.
  if (!result.trusted_envelope) {
    TakeOffCharge(submission, attempt);
  }
  if (attempt.outcome == AttemptOutcome::kNotSent) {
    --submission.upstream_posts_sent;
  }
  if (attempt.kind == AttemptKind::kResubmitOnce && IsForNow(attempt.outcome) &&
      finish.retry_time.has_value()) {
    submission.resubmitted_once = false;  // that one was not used up
  }
}

void CountPost(Submission& submission, const AttemptResult& result) {
  if (result.outcome != AttemptClass::kNotSent && result.counts_against_posts) {
    ++submission.run_counted_posts;
  }
  if (result.trusted_envelope) {
    ++submission.run_trusted_refusals;
  }
}

Failure FailureOf(const AttemptResult& result) {
  return {.reason = result.reason,
          .message = result.upstream_message,
          .http_status = result.http_status,
          .retryable = IsRetryable(result.reason)};
}

SubmissionEvent EventOf(const Submission& after, const Attempt& attempt, std::string type,
                        const FinishAttempt& finish) {
  return {.type = std::move(type),
          .attempt = attempt.number,
          .actor = finish.actor,
          .note = finish.result.upstream_code,
          .task_id = after.task_id,
          .outcome = attempt.outcome,
          .reason = finish.result.reason};
}

// A change that may have left the submission OUTCOME_UNKNOWN gets its policy's plan.
Change Planned(Change change, std::vector<Attempt> attempts, const Attempt& changed,
               const FinishAttempt& finish, absl::Time now) {
  if (change.submission.state != SubmissionState::kOutcomeUnknown) {
    return change;
  }
  return PlanUnknown(std::move(change), With(std::move(attempts), changed), finish.rules,
                     std::max(finish.earliest_repost_time, now), finish.actor, now);
}

// The current attempt ends, in time.
Change EndCurrent(const Submission& before, const std::vector<Attempt>& attempts, Attempt attempt,
                  bool hash_is_free, const FinishAttempt& finish, absl::Time now) {
  const AttemptResult& result = finish.result;
  const AttemptOutcome outcome = OutcomeOf(result.outcome);
  ChangeBuilder builder(before, now);
  Submission& submission = builder.submission();
  submission.lease_owner.clear();
  submission.lease_expire_time = absl::InfinitePast();
  submission.never_repost = submission.never_repost || result.never_repost;
  CountPost(submission, result);
  CopyAnswer(result, attempt, now);
  if (outcome == AttemptOutcome::kAccepted) {
    SettleAccepted(submission, attempt, result.task_ids, attempts);
    builder.MoveTo(TransitionEvent::kAccepted, SubmissionState::kSubmitted);
    BecomeSubmitted(submission, hash_is_free, now);
  } else if (outcome == AttemptOutcome::kAmbiguous) {
    submission.failure = FailureOf(result);
    attempt.outcome = outcome;
    ++submission.unsettled_attempts;
    const bool known = !submission.task_id.empty();
    builder.MoveTo(TransitionEvent::kAmbiguous,
                   known ? SubmissionState::kSubmitted : SubmissionState::kOutcomeUnknown);
    if (known) {
      BecomeSubmitted(submission, hash_is_free, now);
    }
  } else {
    submission.failure = FailureOf(result);
    SettleRefused(submission, attempt, finish);
    const bool for_now = IsForNow(outcome);
    SettleNotAccepted(builder,
                      for_now ? TransitionEvent::kRefusedForNow : TransitionEvent::kRefusedForGood,
                      for_now ? finish.retry_time : std::nullopt, hash_is_free);
  }
  builder.PutAttempt(attempt);
  SubmissionEvent event = EventOf(submission, attempt, EventTypeOf(submission.state), finish);
  return Planned(std::move(builder).Finish(std::move(event)), attempts, attempt, finish, now);
}

// Proof that an attempt was accepted, after it was given up as something else.
Change LateAcceptance(const Submission& before, const std::vector<Attempt>& attempts,
                      Attempt attempt, bool hash_is_free, const FinishAttempt& finish,
                      absl::Time now) {
  ChangeBuilder builder(before, now);
  Submission& submission = builder.submission();
  CopyAnswer(finish.result, attempt, now);
  SettleAccepted(submission, attempt, finish.result.task_ids, attempts);
  if (before.state == SubmissionState::kDispatching) {
    builder.MoveTo(TransitionEvent::kEarlierAccepted, SubmissionState::kDispatching);
  } else {
    const bool already = before.state == SubmissionState::kSubmitted;
    builder.MoveTo(TransitionEvent::kAdopted, SubmissionState::kSubmitted);
    if (!already) {
      BecomeSubmitted(submission, hash_is_free, now);
    }
  }
  builder.PutAttempt(attempt);
  SubmissionEvent event = EventOf(submission, attempt, "proved_accepted", finish);
  return std::move(builder).Finish(std::move(event));
}

// An operator has adopted one task of an attempt that had more, or another one: no task_id is lost,
// and the attempt is charged already.
Change MoreTasks(const Submission& before, Attempt attempt, const FinishAttempt& finish,
                 absl::Time now) {
  ChangeBuilder builder(before, now);
  for (const TaskId& task_id : finish.result.task_ids) {
    if (!HasAllTasks(attempt, {task_id})) {
      attempt.task_ids.push_back(task_id);
    }
  }
  builder.PutAttempt(attempt);
  SubmissionEvent event = EventOf(builder.submission(), attempt, "proved_accepted", finish);
  return std::move(builder).Finish(std::move(event));
}

// Proof that an unsettled attempt was refused or not sent.
Change LateRefusal(const Submission& before, const std::vector<Attempt>& attempts, Attempt attempt,
                   bool hash_is_free, const FinishAttempt& finish, absl::Time now) {
  ChangeBuilder builder(before, now);
  Submission& submission = builder.submission();
  CopyAnswer(finish.result, attempt, now);
  SettleRefused(submission, attempt, finish);
  if (before.state == SubmissionState::kOutcomeUnknown && submission.unsettled_attempts == 0) {
    submission.failure = FailureOf(finish.result);
    const bool for_now = IsForNow(attempt.outcome);
    SettleNotAccepted(
        builder,
        for_now ? TransitionEvent::kLateRefusedForNow : TransitionEvent::kLateRefusedForGood,
        for_now ? finish.retry_time : std::nullopt, hash_is_free);
  }
  builder.PutAttempt(attempt);
  SubmissionEvent event = EventOf(submission, attempt, "proved_not_accepted", finish);
  return Planned(std::move(builder).Finish(std::move(event)), attempts, attempt, finish, now);
}

}  // namespace

absl::StatusOr<Change> Apply(const Submission& before, const std::vector<Attempt>& attempts,
                             bool hash_is_free, const FinishAttempt& finish, absl::Time now) {
  const Attempt* const attempt = FindAttempt(attempts, finish.attempt);
  if (attempt == nullptr) {
    return errors::FencedOff(before.id, "it has no such attempt");
  }
  switch (MeaningOfFinish(*attempt, finish.epoch, finish.result)) {
    case FinishMeaning::kEndsAttempt:
      GL_CHECK(IsCurrent(before, finish.attempt, finish.epoch),
               "an attempt in flight that is not the current one");
      return EndCurrent(before, attempts, *attempt, hash_is_free, finish, now);
    case FinishMeaning::kProvesAcceptance:
      return LateAcceptance(before, attempts, *attempt, hash_is_free, finish, now);
    case FinishMeaning::kNamesMoreTasks:
      return MoreTasks(before, *attempt, finish, now);
    case FinishMeaning::kProvesRefusal:
      return LateRefusal(before, attempts, *attempt, hash_is_free, finish, now);
    case FinishMeaning::kFencedOff:
      break;
  }
  return errors::FencedOff(before.id, "the attempt is settled already, or is not its own");
}

absl::StatusOr<Change> Apply(const Submission& before, const std::vector<Attempt>& /*attempts*/,
                             bool /*hash_is_free*/, const ResendAttempt& resend, absl::Time now) {
  if (!IsCurrent(before, resend.attempt, resend.epoch)) {
    return errors::FencedOff(before.id, "the attempt is no longer the current one");
  }
  ChangeBuilder builder(before, now);
  ++builder.submission().upstream_posts_sent;
  return std::move(builder).Finish(
      {.type = "resent", .attempt = resend.attempt, .actor = resend.actor});
}

absl::StatusOr<Change> Apply(const Submission& before, const std::vector<Attempt>& attempts,
                             bool hash_is_free, const ExpireLease& expire, absl::Time now) {
  if (!IsCurrent(before, before.attempt_count, expire.epoch)) {
    return errors::FencedOff(before.id, "the lease has moved on");
  }
  FinishAttempt finish{.attempt = before.attempt_count,
                       .epoch = expire.epoch,
                       .earliest_repost_time = now,
                       .rules = expire.rules,
                       .actor = expire.actor};
  finish.result.outcome = AttemptClass::kAmbiguous;
  finish.result.reason = ErrorReason::kUpstreamOutcomeUnknown;
  finish.result.upstream_code = "lease_expired";
  finish.result.upstream_message = "the process that sent it ended before it recorded an outcome";
  return Apply(before, attempts, hash_is_free, finish, now);
}

}  // namespace genledger
