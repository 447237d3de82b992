// For how long a submission answers for its content (DESIGN.md section 4, "Who holds the hash").
#pragma once

#include "absl/time/time.h"
#include "service/domain/submission.h"
#include "service/domain/transitions.h"

namespace genledger {

// Whether a submission that holds the hash still answers this caller. While it is open, always;
// once SUBMITTED, for its window, or the caller's if that is shorter.
bool HoldsFor(const NewSubmission& request, const Submission& holder, absl::Time now);

}  // namespace genledger
