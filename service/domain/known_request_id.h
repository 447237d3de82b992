// The answer to a request_id that is known: it names one submission for good (invariant 4), unless
// that one failed and another has its content meanwhile.
#pragma once

#include <optional>

#include "absl/time/time.h"
#include "service/domain/dedupe_decision.h"
#include "service/domain/submission.h"
#include "service/domain/transitions.h"

namespace genledger {

// `stored` is the submission that the request_id names, with the same content; `detached` as in
// DedupeMatch. Only kReplay, kReopen and kMove (from FAILED, once it may be reopened).
DedupeDecision AnswerKnownRequestId(const NewSubmission& request, const Submission& stored,
                                    const std::optional<Submission>& by_hash, bool detached,
                                    absl::Time now);

}  // namespace genledger
