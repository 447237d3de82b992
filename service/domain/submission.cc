#include "service/domain/submission.h"

#include <algorithm>

namespace genledger {
namespace {

// Greater is stricter.
int Strictness(AmbiguityPolicy policy) {
  switch (policy) {
    case AmbiguityPolicy::kHold:
      return 3;
    case AmbiguityPolicy::kFail:
      return 2;
    case AmbiguityPolicy::kResubmitOnce:
      return 1;
  }
  return 3;
}

}  // namespace

AmbiguityPolicy Stricter(AmbiguityPolicy a, AmbiguityPolicy b) {
  return Strictness(a) >= Strictness(b) ? a : b;
}

std::string_view SubmissionStateName(SubmissionState state) {
  switch (state) {
    case SubmissionState::kPending:
      return "PENDING";
    case SubmissionState::kDispatching:
      return "DISPATCHING";
    case SubmissionState::kSubmitted:
      return "SUBMITTED";
    case SubmissionState::kFailed:
      return "FAILED";
    case SubmissionState::kOutcomeUnknown:
      return "OUTCOME_UNKNOWN";
    case SubmissionState::kCancelled:
      return "CANCELLED";
    case SubmissionState::kAbandoned:
      return "ABANDONED";
  }
  return "UNSPECIFIED";
}

std::string_view AttemptOutcomeName(AttemptOutcome outcome) {
  switch (outcome) {
    case AttemptOutcome::kInFlight:
      return "IN_FLIGHT";
    case AttemptOutcome::kNotSent:
      return "NOT_SENT";
    case AttemptOutcome::kAccepted:
      return "ACCEPTED";
    case AttemptOutcome::kRefused:
      return "REFUSED";
    case AttemptOutcome::kRefusedTransient:
      return "REFUSED_TRANSIENT";
    case AttemptOutcome::kAmbiguous:
      return "AMBIGUOUS";
    case AttemptOutcome::kDeclaredNotAccepted:
      return "DECLARED_NOT_ACCEPTED";
  }
  return "UNSPECIFIED";
}

std::string Etag(const Submission& submission) {
  return "\"" + std::to_string(submission.revision) + "\"";
}

}  // namespace genledger
