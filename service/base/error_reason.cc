#include "service/base/error_reason.h"

namespace genledger {

std::string_view ErrorReasonName(ErrorReason reason) {
  switch (reason) {
    case ErrorReason::kUnspecified:
      return "UNSPECIFIED";
    case ErrorReason::kFieldInvalid:
      return "FIELD_INVALID";
    case ErrorReason::kRequestIdReused:
      return "REQUEST_ID_REUSED";
    case ErrorReason::kRequestIdExpired:
      return "REQUEST_ID_EXPIRED";
    case ErrorReason::kSubmissionNotFound:
      return "SUBMISSION_NOT_FOUND";
    case ErrorReason::kSubmissionCancelled:
      return "SUBMISSION_CANCELLED";
    case ErrorReason::kSubmissionAbandoned:
      return "SUBMISSION_ABANDONED";
    case ErrorReason::kSubmitWithinExpired:
      return "SUBMIT_WITHIN_EXPIRED";
    case ErrorReason::kEtagMismatch:
      return "ETAG_MISMATCH";
    case ErrorReason::kIllegalState:
      return "ILLEGAL_STATE";
    case ErrorReason::kUpstreamRefusedRequest:
      return "UPSTREAM_REFUSED_REQUEST";
    case ErrorReason::kUpstreamCredentialInvalid:
      return "UPSTREAM_CREDENTIAL_INVALID";
    case ErrorReason::kUpstreamBalanceExhausted:
      return "UPSTREAM_BALANCE_EXHAUSTED";
    case ErrorReason::kUpstreamForbidden:
      return "UPSTREAM_FORBIDDEN";
    case ErrorReason::kUpstreamMisconfigured:
      return "UPSTREAM_MISCONFIGURED";
    case ErrorReason::kUpstreamRateLimited:
      return "UPSTREAM_RATE_LIMITED";
    case ErrorReason::kUpstreamUnavailable:
      return "UPSTREAM_UNAVAILABLE";
    case ErrorReason::kUpstreamOutcomeUnknown:
      return "UPSTREAM_OUTCOME_UNKNOWN";
    case ErrorReason::kTenantQuotaExceeded:
      return "TENANT_QUOTA_EXCEEDED";
    case ErrorReason::kBacklogFull:
      return "BACKLOG_FULL";
    case ErrorReason::kStoreUnavailable:
      return "STORE_UNAVAILABLE";
    case ErrorReason::kShuttingDown:
      return "SHUTTING_DOWN";
    case ErrorReason::kUnauthenticated:
      return "UNAUTHENTICATED";
    case ErrorReason::kPermissionDenied:
      return "PERMISSION_DENIED";
  }
  return "UNSPECIFIED";
}

}  // namespace genledger
