// Results as the classifier makes them, for tests of what counts them.
#pragma once

#include <string>
#include <utility>

#include "service/domain/attempt_result.h"

namespace genledger::results {

inline AttemptResult Accepted() { return {.outcome = AttemptClass::kAccepted, .http_status = 200}; }

inline AttemptResult NotSent(std::string code = "connect_failed") {
  return {.outcome = AttemptClass::kNotSent,
          .reason = ErrorReason::kUpstreamUnavailable,
          .upstream_code = std::move(code),
          .counts_against_posts = false};
}

inline AttemptResult Ambiguous(int status = 0, std::string code = "connection_lost") {
  return {.outcome = AttemptClass::kAmbiguous,
          .reason = ErrorReason::kUpstreamOutcomeUnknown,
          .http_status = status,
          .upstream_code = std::move(code)};
}

inline AttemptResult Refused(int status = 400) {
  return {.outcome = AttemptClass::kRefused,
          .reason = ErrorReason::kUpstreamRefusedRequest,
          .http_status = status};
}

inline AttemptResult Transient(int status, bool trusted_envelope = false) {
  return {.outcome = AttemptClass::kRefusedTransient,
          .reason =
              status == 429 ? ErrorReason::kUpstreamRateLimited : ErrorReason::kUpstreamUnavailable,
          .http_status = status,
          .spends_retry_budget = status != 429,
          .trusted_envelope = trusted_envelope};
}

// 401, 402 or 403.
inline AttemptResult Account(int status) {
  const ErrorReason reason = status == 401   ? ErrorReason::kUpstreamCredentialInvalid
                             : status == 402 ? ErrorReason::kUpstreamBalanceExhausted
                                             : ErrorReason::kUpstreamForbidden;
  return {.outcome = AttemptClass::kRefusedAccount, .reason = reason, .http_status = status};
}

}  // namespace genledger::results
