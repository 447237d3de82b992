// Wrong on purpose: RESUBMIT_ONCE posts as often as the outcome is unknown.
#include "service/domain/repost_rules.h"

#include <algorithm>

namespace genledger {
namespace {

bool PostsAllowed(const Submission& submission) {
  return !submission.never_repost && submission.cancel_request_time == absl::InfinitePast();
}

// Since when the upstream may know the key: all attempts of a run send the same one.
absl::Time KeyFirstUsed(const Attempt& attempt, const std::vector<Attempt>& attempts) {
  absl::Time first = attempt.start_time;
  for (const Attempt& other : attempts) {
    if (other.idempotency_key == attempt.idempotency_key) {
      first = std::min(first, other.start_time);
    }
  }
  return first;
}

}  // namespace

const Attempt* LastUnsettled(const std::vector<Attempt>& attempts) {
  const Attempt* last = nullptr;
  for (const Attempt& attempt : attempts) {
    if (attempt.outcome == AttemptOutcome::kAmbiguous &&
        (last == nullptr || attempt.number > last->number)) {
      last = &attempt;
    }
  }
  return last;
}

bool MayRepost(const Submission& submission, const Attempt& attempt,
               const std::vector<Attempt>& attempts, const AmbiguityRules& rules, absl::Time when) {
  return rules.trusted && PostsAllowed(submission) && !attempt.idempotency_key.empty() &&
         attempt.run == submission.run && submission.run_reposts < rules.reposts_max &&
         when - KeyFirstUsed(attempt, attempts) < rules.repost_age_max;
}

bool MayResubmitOnce(const Submission& submission) {
  return PostsAllowed(submission) && submission.ambiguity_policy == AmbiguityPolicy::kResubmitOnce;
}

bool PolicyMayPost(const Submission& submission, const AmbiguityRules& rules) {
  const bool may_repost =
      rules.trusted && PostsAllowed(submission) && submission.run_reposts < rules.reposts_max;
  return may_repost || MayResubmitOnce(submission);
}

}  // namespace genledger
