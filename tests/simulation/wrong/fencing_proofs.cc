// Wrong on purpose: whoever has lost the lease has nothing to say, not even that it was accepted.
#include "service/domain/fencing.h"

namespace genledger {

FinishMeaning MeaningOfFinish(const Attempt& attempt, int64_t epoch, AttemptClass outcome) {
  if (attempt.epoch != epoch) {
    return FinishMeaning::kFencedOff;
  }
  if (attempt.outcome == AttemptOutcome::kInFlight) {
    return FinishMeaning::kEndsAttempt;
  }
  if (outcome == AttemptClass::kAccepted) {
    return FinishMeaning::kFencedOff;
  }
  const bool certain = outcome != AttemptClass::kAmbiguous && outcome != AttemptClass::kInProgress;
  return certain && attempt.outcome == AttemptOutcome::kAmbiguous ? FinishMeaning::kProvesRefusal
                                                                  : FinishMeaning::kFencedOff;
}

bool IsCurrent(const Submission& submission, int32_t attempt, int64_t epoch) {
  return submission.state == SubmissionState::kDispatching && submission.attempt_count == attempt &&
         submission.epoch == epoch;
}

}  // namespace genledger
