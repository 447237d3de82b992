// Wrong on purpose: whoever has lost the lease has nothing to say, not even that it was accepted.
#include "service/domain/fencing.h"

#include <algorithm>

namespace genledger {

bool HasAllTasks(const Attempt& attempt, const std::vector<TaskId>& task_ids) {
  return std::all_of(task_ids.begin(), task_ids.end(), [&](const TaskId& task_id) {
    return std::find(attempt.task_ids.begin(), attempt.task_ids.end(), task_id) !=
           attempt.task_ids.end();
  });
}

FinishMeaning MeaningOfFinish(const Attempt& attempt, int64_t epoch, const AttemptResult& result) {
  if (attempt.epoch != epoch) {
    return FinishMeaning::kFencedOff;
  }
  if (attempt.outcome == AttemptOutcome::kInFlight) {
    return FinishMeaning::kEndsAttempt;
  }
  if (result.outcome == AttemptClass::kAccepted) {
    return FinishMeaning::kFencedOff;
  }
  const bool certain =
      result.outcome != AttemptClass::kAmbiguous && result.outcome != AttemptClass::kInProgress;
  return certain && attempt.outcome == AttemptOutcome::kAmbiguous ? FinishMeaning::kProvesRefusal
                                                                  : FinishMeaning::kFencedOff;
}

bool IsCurrent(const Submission& submission, int32_t attempt, int64_t epoch) {
  return submission.state == SubmissionState::kDispatching && submission.attempt_count == attempt &&
         submission.epoch == epoch;
}

}  // namespace genledger
