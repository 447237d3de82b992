#include "service/domain/claim.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "service/base/errors.h"
#include "service/base/texts.h"

namespace genledger {

absl::StatusOr<Change> ClaimSubmission(const Submission& before, const Claim& claim,
                                       absl::Time now) {
  if (!TransitionAllowed(before.state, TransitionEvent::kClaimed, SubmissionState::kDispatching)) {
    return errors::IllegalState(before.id, TextId::kStateClaim);
  }
  return StartAttempt(before, claim, TransitionEvent::kClaimed, AttemptKind::kOrdinary, now);
}

Change StartAttempt(const Submission& before, const Claim& claim, TransitionEvent event,
                    AttemptKind kind, absl::Time now) {
  ChangeBuilder builder(before, now);
  Submission& submission = builder.submission();
  builder.MoveTo(event, SubmissionState::kDispatching);
  ++submission.attempt_count;
  ++submission.run_attempts;
  ++submission.epoch;
  ++submission.upstream_posts_sent;
  ++submission.charges_max;
  submission.next_attempt_time = absl::InfinitePast();
  submission.lease_owner = claim.replica;
  submission.lease_expire_time = now + claim.lease;
  builder.PutAttempt(
      {.number = submission.attempt_count,
       .run = submission.run,
       .start_time = now,
       .idempotency_key = claim.send_idempotency_key
                              ? absl::StrCat(submission.id.value(), "-", submission.run)
                              : std::string(),
       .base_url = claim.base_url,
       .credential_fingerprint = claim.credential_fingerprint,
       .replica = claim.replica,
       .epoch = submission.epoch,
       .kind = kind});
  return std::move(builder).Finish({.type = kind == AttemptKind::kOrdinary ? "claimed" : "reposted",
                                    .attempt = submission.attempt_count,
                                    .actor = claim.replica});
}

}  // namespace genledger
