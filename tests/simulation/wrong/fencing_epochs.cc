// Wrong on purpose: whoever dispatches it is taken for the one who brings a re-send.
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
    return attempt.outcome == AttemptOutcome::kAccepted ? FinishMeaning::kFencedOff
                                                        : FinishMeaning::kProvesAcceptance;
  }
  const bool certain = outcome != AttemptClass::kAmbiguous && outcome != AttemptClass::kInProgress;
  return certain && attempt.outcome == AttemptOutcome::kAmbiguous ? FinishMeaning::kProvesRefusal
                                                                  : FinishMeaning::kFencedOff;
}

bool IsCurrent(const Submission& submission, int32_t /*attempt*/, int64_t /*epoch*/) {
  return submission.state == SubmissionState::kDispatching;
}

}  // namespace genledger
