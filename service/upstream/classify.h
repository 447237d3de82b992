// What an exchange means: the outcome table, row by row.
#pragma once

#include <string_view>

#include "absl/time/time.h"
#include "service/base/secret.h"
#include "service/domain/attempt_result.h"
#include "service/upstream/http_exchange.h"

namespace genledger {

// The upstream's code for two bodies under one key (409): a bug, here or there, so it is an error
// to be looked at, besides what it does to the submission.
inline constexpr std::string_view kIdempotencyKeyReused = "idempotency_key_reused";

struct ClassifyOptions {
  // A 500, 502 or 503 with the upstream's JSON error envelope means "refused, retry later".
  bool trust_5xx_envelope = true;
  // The request carried an Idempotency-Key. Without one, idempotency_in_progress cannot be about
  // our request, and sending it again could pay twice: kAmbiguous.
  bool idempotency_key_sent = true;
  // When the answer arrived: what a Retry-After date is compared with.
  absl::Time now;
  // Redacted where the upstream echoes it.
  Secret api_key;
};

// Pure and total. Rows are tried in the order of DESIGN.md section 6 and the first that fits
// decides. A status line that was read decides for every status whose row does not need the body,
// even if the body was then cut short; a 2xx counts only if it is whole.
AttemptResult Classify(const HttpExchange& exchange, const ClassifyOptions& options);

}  // namespace genledger
