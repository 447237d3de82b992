// What is done about a submission that nobody can know the outcome of (DESIGN.md section 6,
// "Ambiguity").
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/domain/change.h"
#include "service/domain/claim.h"
#include "service/domain/repost_rules.h"
#include "service/domain/submission.h"

namespace genledger {

// For a submission that has just become (or still is) OUTCOME_UNKNOWN: when its policy acts, in
// next_attempt_time, or, with policy FAIL and no trusted re-post left, ABANDONED with an event of
// its own. `attempts` are all of its attempts. `earliest` is when another POST may leave at all
// (the dispatcher's back-off).
Change PlanUnknown(Change change, const std::vector<Attempt>& attempts, const AmbiguityRules& rules,
                   absl::Time earliest, const std::string& actor, absl::Time now);

// The policy of an OUTCOME_UNKNOWN submission is due: a trusted re-post if credential and URL are
// still the attempt's own, else RESUBMIT_ONCE, else FAIL, else it is held. With a cancel requested
// nothing is posted. FAILED_PRECONDITION unless it is OUTCOME_UNKNOWN.
absl::StatusOr<Change> ActOnUnknown(const Submission& before, const std::vector<Attempt>& attempts,
                                    const Claim& claim, const AmbiguityRules& rules,
                                    absl::Time now);

}  // namespace genledger
