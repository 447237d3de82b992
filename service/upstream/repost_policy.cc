#include "service/upstream/repost_policy.h"

namespace genledger {

bool RepostPolicy::MayRepost(const RepostCandidate& candidate, const AttemptResult& last) const {
  return options_.idempotency == UpstreamIdempotency::kTrusted &&
         last.outcome == AttemptClass::kAmbiguous && !last.never_repost &&
         candidate.attempt_base_url == candidate.current_base_url &&
         candidate.attempt_credential_fingerprint == candidate.current_credential_fingerprint &&
         candidate.age < options_.age_max && candidate.reposts < options_.reposts_max;
}

}  // namespace genledger
