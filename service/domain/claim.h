// Who takes a submission to post it, and how its attempt begins.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/domain/change.h"
#include "service/domain/submission.h"
#include "service/domain/transition_table.h"

namespace genledger {

// Who claims, and the frozen circumstances of the POST that follows.
struct Claim {
  std::string replica;
  std::string base_url;
  std::string credential_fingerprint;
  absl::Duration lease = absl::Seconds(90);
  bool send_idempotency_key = true;
};

// PENDING -> DISPATCHING with the next attempt: posts and charges_max grow, the epoch too.
// FAILED_PRECONDITION if the table does not allow it.
absl::StatusOr<Change> ClaimSubmission(const Submission& before, const Claim& claim,
                                       absl::Time now);

// The next attempt of a submission that `event` lets be dispatched.
Change StartAttempt(const Submission& before, const Claim& claim, TransitionEvent event,
                    AttemptKind kind, absl::Time now);

}  // namespace genledger
