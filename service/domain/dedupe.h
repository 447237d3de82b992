// Who answers a SubmitGeneration: the pure decision of DESIGN.md section 4 ("Dedupe, in one write
// transaction").
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/domain/dedupe_decision.h"
#include "service/domain/submission.h"
#include "service/domain/transitions.h"

namespace genledger {

// Decides. ALREADY_EXISTS REQUEST_ID_REUSED (naming the differing fields) or FAILED_PRECONDITION
// REQUEST_ID_EXPIRED. A match under another hash_version is compared by the hash that `request` has
// under that version.
absl::StatusOr<DedupeDecision> DecideDedupe(const NewSubmission& request, const DedupeMatch& match,
                                            absl::Time now);

// Whether the decision can be answered without a write.
inline bool NeedsNoWrite(const DedupeDecision& decision) {
  return (decision.action == DedupeAction::kReplay || decision.action == DedupeAction::kJoin) &&
         !decision.change.has_value() && !decision.add_alias;
}

// Short cuts past DecideDedupe for the records that most repeats meet, without a copy of any: true
// only where its decision would be kReplay (for the record that the request_id names, detached or
// not) or kJoin (for the one that holds the hash, if the request_id is empty), with nothing to
// write. False says nothing.
bool ReplaysAsItIs(const NewSubmission& request, const Submission& stored);
bool JoinsAsItIs(const NewSubmission& request, const Submission& holder, absl::Time now);

// The fields in which two requests of one request_id differ: "spec.prompt", "variation", …
std::vector<std::string> DifferingFields(const NewSubmission& request, const Submission& stored);

}  // namespace genledger
