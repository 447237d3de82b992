// Who may still change a submission by what it knows of an attempt: invariant 6 of DESIGN.md.
#pragma once

#include <cstdint>

#include "service/domain/attempt_result.h"
#include "service/domain/submission.h"

namespace genledger {

// What the end of an attempt, whoever brings it and however late, is to its submission.
enum class FinishMeaning : uint8_t {
  kEndsAttempt,       // it is in flight: its replica still has the lease
  kProvesAcceptance,  // late, and kept whatever has become of the submission
  kProvesRefusal,     // late, and the attempt is unsettled
  kFencedOff,         // nothing
};

// `epoch` is the one under which the bringer was claimed.
FinishMeaning MeaningOfFinish(const Attempt& attempt, int64_t epoch, AttemptClass outcome);

// Whether this attempt, claimed under this epoch, is the one that is out now.
bool IsCurrent(const Submission& submission, int32_t attempt, int64_t epoch);

}  // namespace genledger
