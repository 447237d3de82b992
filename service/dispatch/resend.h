// The same attempt sent once more, after 409 idempotency_in_progress (DESIGN.md section 6).
#pragma once

#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "service/domain/attempt_result.h"
#include "service/domain/submission.h"
#include "storage/workflow_store.h"

namespace genledger {

// Commits one more send of `attempt`, which must be the current one, and then calls exactly one of
// the two: `send` with the submission afterwards, or `give_up` with how the attempt ends. A commit
// that failed or is in doubt must not lead to a POST (invariant 1). On the store's thread.
void CommitResend(WorkflowStore& store, const SubmissionId& id, const Attempt& attempt,
                  const std::string& actor, absl::AnyInvocable<void(Submission)> send,
                  absl::AnyInvocable<void(AttemptResult)> give_up);

}  // namespace genledger
