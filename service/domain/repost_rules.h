// Which POSTs are allowed beside one whose outcome nobody knows: all that keeps invariant 3
// (DESIGN.md sections 3 and 6).
#pragma once

#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "service/domain/submission.h"

namespace genledger {

// The server's side of the decision; the submission brings its ambiguity_policy.
struct AmbiguityRules {
  // --upstream_idempotency=trusted: an ambiguous attempt is posted again with the same key and
  // bytes.
  bool trusted = false;
  int32_t reposts_max = 3;  // of one run
  // The upstream keeps keys for 24 h; an hour is left for clocks that differ.
  absl::Duration repost_age_max = absl::Hours(23);
  // RESUBMIT_ONCE waits so long after the attempt began: its lease and its total timeout.
  absl::Duration resubmit_delay = absl::Seconds(150);
};

// The latest attempt that nobody has settled; nullptr if an operator or a proof has settled all.
const Attempt* LastUnsettled(const std::vector<Attempt>& attempts);

// Whether `trusted` lets `attempt`, the last unsettled one, be posted again at `when`. Credential
// and URL are for the caller to compare.
bool MayRepost(const Submission& submission, const Attempt& attempt,
               const std::vector<Attempt>& attempts, const AmbiguityRules& rules, absl::Time when);

// Whether RESUBMIT_ONCE has its one left. When it may be used is for the caller to see to.
bool MayResubmitOnce(const Submission& submission);

// False if ActOnUnknown certainly starts no attempt, so that no slot is needed for it.
bool PolicyMayPost(const Submission& submission, const AmbiguityRules& rules);

}  // namespace genledger
