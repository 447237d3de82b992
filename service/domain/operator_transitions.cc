#include "service/domain/operator_transitions.h"

#include <algorithm>
#include <utility>

#include "service/base/error_details.h"
#include "service/base/errors.h"
#include "service/base/texts.h"
#include "service/domain/settlement.h"

namespace genledger {
namespace {

CancelDecision CancelForEverybody(const Submission& before, const std::string& actor,
                                  absl::Time now) {
  switch (before.state) {
    case SubmissionState::kSubmitted:
      return {.outcome = CancelOutcome::kTooLate};
    case SubmissionState::kFailed:
    case SubmissionState::kCancelled:
    case SubmissionState::kAbandoned:
      return {.outcome = CancelOutcome::kAlreadyTerminal};
    case SubmissionState::kPending: {
      ChangeBuilder builder(before, now);
      builder.MoveTo(TransitionEvent::kCancel, SubmissionState::kCancelled);
      builder.submission().next_attempt_time = absl::InfinitePast();
      builder.submission().holds_hash = false;
      return {.outcome = CancelOutcome::kCancelledFree,
              .change = std::move(builder).Finish({.type = "cancelled", .actor = actor})};
    }
    case SubmissionState::kDispatching:
    case SubmissionState::kOutcomeUnknown:
      break;
  }
  CancelDecision decision{.outcome = CancelOutcome::kCancelRequested};
  if (before.cancel_request_time == absl::InfinitePast()) {
    ChangeBuilder builder(before, now);
    builder.MoveTo(TransitionEvent::kCancelRequested, before.state);
    builder.submission().cancel_request_time = now;
    decision.change = std::move(builder).Finish({.type = "cancel_requested", .actor = actor});
  }
  return decision;
}

absl::Status AttemptFault(TextId text) {
  return errors::FieldInvalid({MakeViolation("attempt", MakeText(text))});
}

// The unsettled attempt that an adoption means.
absl::StatusOr<Attempt> ChooseUnsettled(const std::vector<Attempt>& attempts, int32_t number) {
  std::vector<Attempt> unsettled;
  std::copy_if(attempts.begin(), attempts.end(), std::back_inserter(unsettled),
               [number](const Attempt& attempt) {
                 return attempt.outcome == AttemptOutcome::kAmbiguous &&
                        (number == 0 || attempt.number == number);
               });
  if (unsettled.empty()) {
    return AttemptFault(TextId::kAttemptNone);
  }
  if (unsettled.size() > 1) {
    return AttemptFault(TextId::kAttemptRequired);
  }
  return unsettled.front();
}

absl::StatusOr<Change> Adopt(const Submission& before, const std::vector<Attempt>& attempts,
                             bool hash_is_free, const AdoptTask& adopt,
                             const Resolution& resolution, absl::Time now) {
  if (before.state != SubmissionState::kOutcomeUnknown &&
      before.state != SubmissionState::kAbandoned) {
    return errors::IllegalState(before.id, TextId::kStateAdopt);
  }
  absl::StatusOr<Attempt> attempt = ChooseUnsettled(attempts, adopt.attempt);
  if (!attempt.ok()) {
    return attempt.status();
  }
  ChangeBuilder builder(before, now);
  Submission& submission = builder.submission();
  SettleAccepted(submission, *attempt, {adopt.task_id}, attempts);
  builder.MoveTo(TransitionEvent::kAdopted, SubmissionState::kSubmitted);
  BecomeSubmitted(submission, hash_is_free, now);
  builder.PutAttempt(*attempt);
  return std::move(builder).Finish({.type = "resolved",
                                    .attempt = attempt->number,
                                    .actor = resolution.actor,
                                    .note = resolution.note,
                                    .task_id = adopt.task_id,
                                    .outcome = attempt->outcome});
}

absl::StatusOr<Change> Declare(const Submission& before, const std::vector<Attempt>& attempts,
                               const Resolution& resolution, absl::Time now) {
  if (before.state != SubmissionState::kOutcomeUnknown) {
    return errors::IllegalState(before.id, TextId::kStateOutcomeKnown);
  }
  ChangeBuilder builder(before, now);
  Submission& submission = builder.submission();
  for (Attempt attempt : attempts) {
    if (attempt.outcome == AttemptOutcome::kAmbiguous) {
      attempt.outcome = AttemptOutcome::kDeclaredNotAccepted;
      TakeOffCharge(submission, attempt);
      --submission.unsettled_attempts;
      builder.PutAttempt(std::move(attempt));
    }
  }
  submission.failure = Failure{.reason = ErrorReason::kUpstreamUnavailable,
                               .message = "declared not accepted by an operator",
                               .retryable = true};
  SettleNotAccepted(builder, TransitionEvent::kDeclaredNotAccepted, std::nullopt,
                    /*hash_is_free=*/false);
  return std::move(builder).Finish({.type = "resolved",
                                    .actor = resolution.actor,
                                    .note = resolution.note,
                                    .outcome = AttemptOutcome::kDeclaredNotAccepted});
}

absl::StatusOr<Change> AbandonIt(const Submission& before, const Resolution& resolution,
                                 absl::Time now) {
  if (before.state != SubmissionState::kOutcomeUnknown) {
    return errors::IllegalState(before.id, TextId::kStateOutcomeKnown);
  }
  ChangeBuilder builder(before, now);
  builder.MoveTo(TransitionEvent::kAbandon, SubmissionState::kAbandoned);
  EndAbandoned(builder.submission(), now);
  return std::move(builder).Finish(
      {.type = "abandoned", .actor = resolution.actor, .note = resolution.note});
}

}  // namespace

CancelDecision DecideCancel(const Submission& before, bool by_request_id, bool attached,
                            const std::string& actor, absl::Time now) {
  const bool others_want_it =
      before.anonymous_caller || before.request_id_count > (attached ? 1 : 0);
  const bool open = before.state == SubmissionState::kPending ||
                    before.state == SubmissionState::kDispatching ||
                    before.state == SubmissionState::kOutcomeUnknown;
  if (!by_request_id || !others_want_it || !open) {
    return CancelForEverybody(before, actor, now);
  }
  CancelDecision decision{.outcome = CancelOutcome::kDetached};
  if (attached) {
    ChangeBuilder builder(before, now);
    --builder.submission().request_id_count;
    decision.change = std::move(builder).Finish({.type = "detached", .actor = actor});
    decision.detach = true;
  }
  return decision;
}

absl::StatusOr<Change> ReleaseHash(const Submission& before, const ReleaseDedupe& release,
                                   absl::Time now) {
  if (before.state != SubmissionState::kSubmitted) {
    return errors::IllegalState(before.id, TextId::kStateRelease);
  }
  if (!before.holds_hash) {
    return Change{.submission = before};
  }
  ChangeBuilder builder(before, now);
  builder.submission().holds_hash = false;
  return std::move(builder).Finish({.type = "released", .actor = release.actor});
}

absl::StatusOr<Change> ResolveUnknown(const Submission& before,
                                      const std::vector<Attempt>& attempts, bool hash_is_free,
                                      const Resolution& resolution, absl::Time now) {
  if (const auto* adopt = std::get_if<AdoptTask>(&resolution.kind)) {
    return Adopt(before, attempts, hash_is_free, *adopt, resolution, now);
  }
  if (std::holds_alternative<DeclareNotAccepted>(resolution.kind)) {
    return Declare(before, attempts, resolution, now);
  }
  return AbandonIt(before, resolution, now);
}

absl::StatusOr<Change> ReopenSubmission(const Submission& before, bool hash_is_free,
                                        absl::Duration submit_within, const std::string& actor,
                                        std::string note, absl::Time now) {
  if (!TransitionAllowed(before.state, TransitionEvent::kReopened, SubmissionState::kPending)) {
    return errors::IllegalState(before.id, TextId::kStateReopen);
  }
  if (!before.superseded_by.empty()) {
    return errors::IllegalState(before.id, TextId::kStateMoved);
  }
  const bool content = before.dedupe_mode == DedupeMode::kContent;
  if (content && !hash_is_free) {
    return errors::IllegalState(before.id, TextId::kStateHeld);
  }
  ChangeBuilder builder(before, now);
  Submission& submission = builder.submission();
  builder.MoveTo(TransitionEvent::kReopened, SubmissionState::kPending);
  ++submission.run;
  submission.run_attempts = 0;
  submission.run_counted_posts = 0;
  submission.run_trusted_refusals = 0;
  submission.run_reposts = 0;
  submission.never_repost = false;
  submission.failure.reset();
  submission.cancel_request_time = absl::InfinitePast();
  submission.submit_deadline_time = now + submit_within;
  submission.next_attempt_time = now;
  submission.holds_hash = content;
  return std::move(builder).Finish({.type = "reopened", .actor = actor, .note = std::move(note)});
}

}  // namespace genledger
