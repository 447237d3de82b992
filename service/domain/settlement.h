// Where a submission goes once something is certain about an attempt: pieces that several
// transitions share.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "service/base/error_reason.h"
#include "service/domain/change.h"
#include "service/domain/submission.h"
#include "service/domain/transition_table.h"

namespace genledger {

// FAILED keeps its failure and waits so long before the same request_id reopens it: 30 s, doubling
// to 10 min.
absl::Duration ReopenDelay(int32_t failed_runs);

// Whether a caller may hope for better later.
bool IsRetryable(ErrorReason reason);

// FAILED: reopen_time, no more waits, the hash released. The failure is set already.
void EndInFailure(Submission& submission, absl::Time now);

// ABANDONED: the hash released; answers for its content until the window is over.
void EndAbandoned(Submission& submission, absl::Time now);

// SUBMITTED from now on. One that comes back without the hash takes it only if nobody holds it
// (invariant 5).
void BecomeSubmitted(Submission& submission, bool hash_is_free, absl::Time now);

// The attempt was accepted with these tasks, whatever was thought of it before: charges, unsettled
// count, task_id. `attempts` are all of the submission: where another one already has a task of
// these, the upstream has replayed its acceptance, which is counted once.
void SettleAccepted(Submission& submission, Attempt& attempt, std::vector<TaskId> task_ids,
                    const std::vector<Attempt>& attempts);

// The attempt was certainly not accepted: charges_max gives it up, if it still counted it.
void TakeOffCharge(Submission& submission, Attempt& attempt);

// Moves a submission whose last open question was answered with "not accepted" (DESIGN.md section
// 2): to SUBMITTED if another attempt was, OUTCOME_UNKNOWN if another is unsettled, CANCELLED if
// that was asked for, PENDING if `retry_time` says when, else FAILED. The failure is set already.
void SettleNotAccepted(ChangeBuilder& builder, TransitionEvent event,
                       std::optional<absl::Time> retry_time, bool hash_is_free);

}  // namespace genledger
