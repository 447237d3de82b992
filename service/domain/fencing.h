// Who may still change a submission by what it knows of an attempt: invariant 6 of DESIGN.md.
#pragma once

#include <cstdint>
#include <vector>

#include "service/base/ids.h"
#include "service/domain/attempt_result.h"
#include "service/domain/submission.h"

namespace genledger {

// What the end of an attempt, whoever brings it and however late, is to its submission.
enum class FinishMeaning : uint8_t {
  kEndsAttempt,       // it is in flight: its replica still has the lease
  kProvesAcceptance,  // late, and kept whatever has become of the submission
  kNamesMoreTasks,    // late: it is known to be accepted, but not with all of these tasks
  kProvesRefusal,     // late, and the attempt is unsettled
  kFencedOff,         // nothing
};

// Whether the attempt is recorded with all of these.
bool HasAllTasks(const Attempt& attempt, const std::vector<TaskId>& task_ids);

// `epoch` is the one under which the bringer was claimed.
FinishMeaning MeaningOfFinish(const Attempt& attempt, int64_t epoch, const AttemptResult& result);

// Whether this attempt, claimed under this epoch, is the one that is out now.
bool IsCurrent(const Submission& submission, int32_t attempt, int64_t epoch);

}  // namespace genledger
