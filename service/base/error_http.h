// What each error is over HTTP: in the upstream's own form on its routes, and by google.rpc.Code's
// mapping everywhere else. The one place that decides an HTTP status.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "service/base/error_reason.h"

namespace genledger {

// An error on the routes that speak the upstream's form: error.code and error.type.
struct PageError {
  ErrorReason reason;
  int http_status;
  std::string_view type;
};

// 400, 401, 402, 403, 429, 500 and 502 with their types are those of the upstream's page. The
// upstream's own 401, 402 and 403 concern the service's account, never the caller: they are 500.
// 409 and 503 are of the same family's other pages.
inline constexpr PageError kPageErrors[] = {
    {ErrorReason::kUnspecified, 500, "server_error"},
    {ErrorReason::kFieldInvalid, 400, "invalid_request_error"},
    {ErrorReason::kRequestIdReused, 409, "idempotency_key_reused"},
    {ErrorReason::kRequestIdExpired, 409, "idempotency_key_expired"},
    {ErrorReason::kSubmissionNotFound, 400, "invalid_request_error"},
    {ErrorReason::kSubmissionCancelled, 409, "submission_cancelled"},
    {ErrorReason::kSubmissionAbandoned, 409, "submission_abandoned"},
    {ErrorReason::kSubmitWithinExpired, 503, "service_unavailable"},
    {ErrorReason::kEtagMismatch, 409, "conflict"},
    {ErrorReason::kIllegalState, 409, "conflict"},
    {ErrorReason::kUpstreamRefusedRequest, 400, "invalid_request_error"},
    {ErrorReason::kUpstreamCredentialInvalid, 500, "server_error"},
    {ErrorReason::kUpstreamBalanceExhausted, 500, "server_error"},
    {ErrorReason::kUpstreamForbidden, 500, "server_error"},
    {ErrorReason::kUpstreamMisconfigured, 500, "server_error"},
    {ErrorReason::kUpstreamRateLimited, 429, "rate_limit_error"},
    {ErrorReason::kUpstreamUnavailable, 502, "bad_gateway"},
    {ErrorReason::kUpstreamOutcomeUnknown, 502, "outcome_unknown"},
    {ErrorReason::kTenantQuotaExceeded, 429, "rate_limit_error"},
    {ErrorReason::kBacklogFull, 429, "rate_limit_error"},
    {ErrorReason::kStoreUnavailable, 503, "service_unavailable"},
    {ErrorReason::kShuttingDown, 503, "service_unavailable"},
    {ErrorReason::kUnauthenticated, 401, "authentication_error"},
    {ErrorReason::kPermissionDenied, 403, "permission_error"},
};

// A reason that this binary does not know is kUnspecified's.
constexpr const PageError& PageErrorOf(ErrorReason reason) {
  for (const PageError& error : kPageErrors) {
    if (error.reason == reason) {
      return error;
    }
  }
  return kPageErrors[0];
}

static_assert(PageErrorOf(ErrorReason::kUpstreamOutcomeUnknown).http_status == 502);
static_assert(PageErrorOf(ErrorReason::kUnauthenticated).http_status == 401);

// google.rpc.Code's mapping (google/rpc/code.proto).
constexpr int HttpStatusOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return 200;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
      return 400;
    case absl::StatusCode::kUnauthenticated:
      return 401;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kAlreadyExists:
      return 409;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    case absl::StatusCode::kCancelled:
      return 499;
    case absl::StatusCode::kUnimplemented:
      return 501;
    case absl::StatusCode::kUnavailable:
      return 503;
    case absl::StatusCode::kDeadlineExceeded:
      return 504;
    default:
      return 500;
  }
}

}  // namespace genledger
