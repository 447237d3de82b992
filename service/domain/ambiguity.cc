#include "service/domain/ambiguity.h"

#include <algorithm>
#include <utility>

#include "service/base/check.h"
#include "service/base/errors.h"
#include "service/base/texts.h"
#include "service/domain/settlement.h"

namespace genledger {
namespace {

Change Abandon(const Submission& before, const std::string& actor, absl::Time now) {
  ChangeBuilder builder(before, now);
  builder.MoveTo(TransitionEvent::kPolicyFail, SubmissionState::kAbandoned);
  EndAbandoned(builder.submission(), now);
  return std::move(builder).Finish(
      {.type = "abandoned", .actor = actor, .note = "ambiguity_policy FAIL"});
}

Change Wait(const Submission& before, absl::Time until, std::string note, const std::string& actor,
            absl::Time now) {
  ChangeBuilder builder(before, now);
  builder.submission().next_attempt_time = until;
  return std::move(builder).Finish({.type = "held", .actor = actor, .note = std::move(note)});
}

}  // namespace

Change PlanUnknown(Change change, const std::vector<Attempt>& attempts, const AmbiguityRules& rules,
                   absl::Time earliest, const std::string& actor, absl::Time now) {
  Submission& submission = change.submission;
  GL_CHECK(submission.state == SubmissionState::kOutcomeUnknown, "planned for no unknown outcome");
  const Attempt* const last = LastUnsettled(attempts);
  GL_CHECK(last != nullptr, "OUTCOME_UNKNOWN without an unsettled attempt");
  submission.next_attempt_time = absl::InfinitePast();
  if (MayRepost(submission, *last, attempts, rules, earliest)) {
    submission.next_attempt_time = earliest;
  } else if (MayResubmitOnce(submission)) {
    submission.next_attempt_time = std::max(last->start_time + rules.resubmit_delay, earliest);
  } else if (submission.ambiguity_policy == AmbiguityPolicy::kFail) {
    Change abandoned = Abandon(submission, actor, now);
    return Merge(std::move(change), std::move(abandoned));
  }
  return change;
}

absl::StatusOr<Change> ActOnUnknown(const Submission& before, const std::vector<Attempt>& attempts,
                                    const Claim& claim, const AmbiguityRules& rules,
                                    absl::Time now) {
  if (before.state != SubmissionState::kOutcomeUnknown) {
    return errors::IllegalState(before.id, TextId::kStateOutcomeKnown);
  }
  const Attempt* const last = LastUnsettled(attempts);
  GL_CHECK(last != nullptr, "OUTCOME_UNKNOWN without an unsettled attempt");
  const bool own_circumstances = claim.base_url == last->base_url &&
                                 claim.credential_fingerprint == last->credential_fingerprint;
  if (own_circumstances && MayRepost(before, *last, attempts, rules, now)) {
    Change change =
        StartAttempt(before, claim, TransitionEvent::kRepostDue, AttemptKind::kTrustedRepost, now);
    ++change.submission.run_reposts;
    return change;
  }
  if (MayResubmitOnce(before)) {
    const absl::Time due = last->start_time + rules.resubmit_delay;
    if (now < due) {
      return Wait(before, due, "RESUBMIT_ONCE waits until the attempt must have ended",
                  claim.replica, now);
    }
    Change change =
        StartAttempt(before, claim, TransitionEvent::kRepostDue, AttemptKind::kResubmitOnce, now);
    change.submission.resubmitted_once = true;
    return change;
  }
  if (before.ambiguity_policy == AmbiguityPolicy::kFail) {
    return Abandon(before, claim.replica, now);
  }
  return Wait(before, absl::InfinitePast(), "an operator settles it", claim.replica, now);
}

}  // namespace genledger
