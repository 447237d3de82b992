#include "service/domain/retention.h"

namespace genledger {

bool MayPurge(const Submission& submission, absl::Time finished_before) {
  switch (submission.state) {
    case SubmissionState::kSubmitted:
    case SubmissionState::kFailed:
    case SubmissionState::kCancelled:
    case SubmissionState::kAbandoned:
      return submission.update_time < finished_before;
    case SubmissionState::kPending:
    case SubmissionState::kDispatching:
    case SubmissionState::kOutcomeUnknown:
      return false;
  }
  return false;
}

}  // namespace genledger
