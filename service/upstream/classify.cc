#include "service/upstream/classify.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "service/base/error_reason.h"
#include "service/upstream/retry_after.h"
#include "service/upstream/sanitize.h"
#include "service/upstream/wire_codec.h"

namespace genledger {
namespace {

constexpr std::string_view kGetChannelFailed = "get_channel_failed";
constexpr std::string_view kBuildRequestFailed = "build_request_failed";
constexpr std::string_view kDoRequestFailed = "do_request_failed";
constexpr std::string_view kIdempotencyInProgress = "idempotency_in_progress";
constexpr std::string_view kIdempotencyIndeterminate = "idempotency_result_indeterminate";
constexpr std::string_view kIdempotencyUnavailable = "idempotency_unavailable";

// The part of a result that a row decides; texts are filled in once at the end.
struct Verdict {
  AttemptClass outcome = AttemptClass::kAmbiguous;
  ErrorReason reason = ErrorReason::kUpstreamOutcomeUnknown;
  bool counts_against_posts = true;
  bool spends_retry_budget = false;
  bool trusted_envelope = false;
  bool never_repost = false;
};

constexpr Verdict kAmbiguousVerdict = {};

Verdict Refused(ErrorReason reason) {
  return {.outcome = AttemptClass::kRefused, .reason = reason};
}

Verdict RefusedAccount(ErrorReason reason) {
  return {.outcome = AttemptClass::kRefusedAccount, .reason = reason};
}

Verdict Unavailable() {
  return {.outcome = AttemptClass::kRefusedTransient,
          .reason = ErrorReason::kUpstreamUnavailable,
          .spends_retry_budget = true};
}

// Refused because of the key; nullopt for other statuses.
std::optional<Verdict> JudgeAccount(int status) {
  switch (status) {
    case 401:
      return RefusedAccount(ErrorReason::kUpstreamCredentialInvalid);
    case 402:
      return RefusedAccount(ErrorReason::kUpstreamBalanceExhausted);
    case 403:
      return RefusedAccount(ErrorReason::kUpstreamForbidden);
    default:
      return std::nullopt;
  }
}

Verdict JudgeConflict(const UpstreamAnswer& answer, const ClassifyOptions& options) {
  if (AnswerNames(answer, kIdempotencyInProgress) && options.idempotency_key_sent) {
    return {.outcome = AttemptClass::kInProgress, .reason = ErrorReason::kUpstreamOutcomeUnknown};
  }
  if (AnswerNames(answer, kIdempotencyKeyReused)) {
    return Refused(ErrorReason::kUpstreamMisconfigured);
  }
  Verdict verdict = kAmbiguousVerdict;
  verdict.never_repost = AnswerNames(answer, kIdempotencyIndeterminate);
  return verdict;
}

Verdict Judge4xx(int status, const UpstreamAnswer& answer, const ClassifyOptions& options) {
  switch (status) {
    case 404:
    case 405:
    case 410:
      return Refused(ErrorReason::kUpstreamMisconfigured);
    case 408:
      return kAmbiguousVerdict;
    case 409:
      return JudgeConflict(answer, options);
    case 429:
      return {.outcome = AttemptClass::kRefusedTransient,
              .reason = ErrorReason::kUpstreamRateLimited,
              .counts_against_posts = false};
    default:
      return Refused(ErrorReason::kUpstreamRefusedRequest);
  }
}

Verdict Judge5xx(int status, const UpstreamAnswer& answer, const ClassifyOptions& options) {
  if (status == 503 && AnswerNames(answer, kIdempotencyUnavailable)) {
    return Unavailable();
  }
  const bool retry_later = status == 500 || status == 502 || status == 503;
  if (retry_later && options.trust_5xx_envelope && answer.has_envelope &&
      !AnswerNames(answer, kDoRequestFailed)) {
    Verdict verdict = Unavailable();
    verdict.trusted_envelope = true;
    return verdict;
  }
  return kAmbiguousVerdict;
}

// The rows below the 2xx ones, for an HTTP status or for an inner code taken for one.
Verdict JudgeStatus(int status, const UpstreamAnswer& answer, const ClassifyOptions& options) {
  if (status == 400 && AnswerNames(answer, kGetChannelFailed)) {
    return Unavailable();
  }
  if (AnswerNames(answer, kBuildRequestFailed)) {
    return Refused(ErrorReason::kUpstreamRefusedRequest);
  }
  if (const std::optional<Verdict> account = JudgeAccount(status); account.has_value()) {
    return *account;
  }
  if (status >= 300 && status <= 399) {
    return Refused(ErrorReason::kUpstreamMisconfigured);
  }
  if (status >= 400 && status <= 499) {
    return Judge4xx(status, answer, options);
  }
  return Judge5xx(status, answer, options);
}

// A 2xx: only a whole one tells anything.
Verdict JudgeSuccess(const HttpExchange& exchange, const UpstreamAnswer& answer,
                     const ClassifyOptions& options) {
  if (exchange.failure != TransportFailure::kNone || !answer.parsed) {
    return kAmbiguousVerdict;
  }
  if (!answer.task_ids.empty()) {
    return {.outcome = AttemptClass::kAccepted, .reason = ErrorReason::kUnspecified};
  }
  if (answer.has_error && answer.inner_status.has_value()) {
    return JudgeStatus(*answer.inner_status, answer, options);
  }
  return kAmbiguousVerdict;
}

AttemptResult NotSent(const HttpExchange& exchange) {
  AttemptResult result;
  result.outcome = AttemptClass::kNotSent;
  result.reason = ErrorReason::kUpstreamUnavailable;
  result.upstream_code = TransportFailureName(exchange.failure);
  result.counts_against_posts = false;
  return result;
}

void FillTexts(const HttpExchange& exchange, const UpstreamAnswer& answer,
               const ClassifyOptions& options, AttemptResult* result) {
  result->upstream_code = SanitizeUpstreamToken(answer.code, options.api_key.Reveal());
  result->upstream_request_id = SanitizeUpstreamToken(
      exchange.upstream_request_id.empty() ? answer.request_id : exchange.upstream_request_id,
      options.api_key.Reveal());
  if (result->outcome == AttemptClass::kAccepted) {
    return;
  }
  if (result->upstream_code.empty()) {
    result->upstream_code = TransportFailureName(exchange.failure);
  }
  // Without a message the head of the body is what an operator has to go by.
  result->upstream_message = SanitizeUpstreamMessage(
      answer.message.empty() ? exchange.body : answer.message, options.api_key.Reveal());
}

}  // namespace

AttemptResult Classify(const HttpExchange& exchange, const ClassifyOptions& options) {
  if (!exchange.request_byte_written && exchange.http_status == 0) {
    return NotSent(exchange);
  }
  const int status = exchange.http_status;
  // Only a whole body is read: half an answer could name half an id.
  UpstreamAnswer answer;
  if (exchange.failure == TransportFailure::kNone) {
    answer = ParseUpstreamAnswer(exchange.body);
  }
  Verdict verdict = kAmbiguousVerdict;
  if (status >= 200 && status <= 299) {
    verdict = JudgeSuccess(exchange, answer, options);
  } else if (status >= 300) {
    verdict = JudgeStatus(status, answer, options);
  }

  AttemptResult result;
  result.outcome = verdict.outcome;
  result.reason = verdict.reason;
  result.http_status = status;
  result.counts_against_posts = verdict.counts_against_posts;
  result.spends_retry_budget = verdict.spends_retry_budget;
  result.trusted_envelope = verdict.trusted_envelope;
  result.never_repost = verdict.never_repost;
  result.retry_after = ParseRetryAfter(exchange.retry_after, options.now);
  FillTexts(exchange, answer, options, &result);
  if (verdict.outcome == AttemptClass::kAccepted) {
    result.task_ids = std::move(answer.task_ids);
  }
  return result;
}

}  // namespace genledger
