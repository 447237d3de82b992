// The stable reasons of public errors: genledger.v1.ErrorReason without its prefix.
#pragma once

#include <string_view>

namespace genledger {

// Numbers are the proto's: they are stored.
enum class ErrorReason {
  kUnspecified = 0,
  kFieldInvalid = 1,
  kRequestIdReused = 2,
  kRequestIdExpired = 3,
  kSubmissionNotFound = 4,
  kSubmissionCancelled = 5,
  kSubmissionAbandoned = 6,
  kSubmitWithinExpired = 7,
  kEtagMismatch = 8,
  kIllegalState = 9,
  kUpstreamRefusedRequest = 20,
  kUpstreamCredentialInvalid = 21,
  kUpstreamBalanceExhausted = 22,
  kUpstreamForbidden = 23,
  kUpstreamMisconfigured = 24,
  kUpstreamRateLimited = 25,
  kUpstreamUnavailable = 26,
  kUpstreamOutcomeUnknown = 27,
  kTenantQuotaExceeded = 40,
  kBacklogFull = 41,
  kStoreUnavailable = 42,
  kShuttingDown = 43,
  kUnauthenticated = 44,
  kPermissionDenied = 45,
};

// "FIELD_INVALID" and so on; "UNSPECIFIED" for a number that this binary does not know.
std::string_view ErrorReasonName(ErrorReason reason);

}  // namespace genledger
