// What a request changes in a submission that is there: pieces that the ways of dedupe share.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "service/domain/change.h"
#include "service/domain/dedupe_decision.h"
#include "service/domain/submission.h"
#include "service/domain/transitions.h"

namespace genledger {

// PENDING, DISPATCHING or OUTCOME_UNKNOWN.
bool IsOpen(SubmissionState state);

// The change to `after`, with its one event.
Change Stamp(Submission after, std::string type, const NewSubmission& request, absl::Time now);

// A submission whose outcome is unknown is looked at again once its policy is another, or a cancel
// no longer stops it.
void LetPolicyDecideAgain(const Submission& before, Submission& after, absl::Time now);

// The request joins the holder of its hash.
DedupeDecision Join(const NewSubmission& request, const Submission& holder, absl::Time now);

// The holder gives up the hash because its window is over for this caller.
Change Release(const NewSubmission& request, const Submission& holder, absl::Time now);

}  // namespace genledger
