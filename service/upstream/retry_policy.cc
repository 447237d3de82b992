#include "service/upstream/retry_policy.h"

namespace genledger {

RunTally CountPost(RunTally tally, const AttemptResult& result) {
  if (result.outcome == AttemptClass::kInProgress) {
    return tally;
  }
  tally.posts_counted += result.counts_against_posts ? 1 : 0;
  tally.trusted_envelope_refusals += result.trusted_envelope ? 1 : 0;
  return tally;
}

bool RetryPolicy::MayRetry(const RunTally& tally, const AttemptResult& last) const {
  if (last.outcome != AttemptClass::kNotSent && last.outcome != AttemptClass::kRefusedTransient) {
    return false;
  }
  if (last.counts_against_posts && tally.posts_counted >= options_.posts_max) {
    return false;
  }
  return !last.trusted_envelope ||
         tally.trusted_envelope_refusals <= options_.trusted_envelope_retries_max;
}

}  // namespace genledger
