#include "service/base/errors.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace genledger::errors {
namespace {

constexpr char kSubmissionResource[] = "genledger.v1.Submission";

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

ErrorDetails AboutSubmission(const SubmissionId& id, ErrorReason reason) {
  return {.reason = reason,
          .metadata = {{"submission_id", id.value()}},
          .resource_type = kSubmissionResource,
          .resource_name = id.value()};
}

ErrorDetails NoRetryAboutSubmission(const SubmissionId& id, ErrorReason reason) {
  ErrorDetails details = AboutSubmission(id, reason);
  details.no_retry = true;
  return details;
}

absl::StatusCode CodeOfFailure(ErrorReason reason) {
  switch (reason) {
    case ErrorReason::kUpstreamRefusedRequest:
      return absl::StatusCode::kInvalidArgument;
    case ErrorReason::kUpstreamRateLimited:
      return absl::StatusCode::kResourceExhausted;
    case ErrorReason::kUpstreamUnavailable:
    case ErrorReason::kSubmitWithinExpired:
      return absl::StatusCode::kUnavailable;
    default:
      return absl::StatusCode::kFailedPrecondition;
  }
}

// What a person should do about it; the upstream's own words follow.
TextId SummaryOfFailure(ErrorReason reason) {
  switch (reason) {
    case ErrorReason::kUpstreamRefusedRequest:
      return TextId::kFailureRefused;
    case ErrorReason::kUpstreamCredentialInvalid:
      return TextId::kFailureCredential;
    case ErrorReason::kUpstreamBalanceExhausted:
      return TextId::kFailureBalance;
    case ErrorReason::kUpstreamForbidden:
      return TextId::kFailureForbidden;
    case ErrorReason::kUpstreamMisconfigured:
      return TextId::kFailureMisconfigured;
    case ErrorReason::kUpstreamRateLimited:
      return TextId::kFailureRateLimited;
    case ErrorReason::kUpstreamUnavailable:
      return TextId::kFailureUnavailable;
    case ErrorReason::kSubmitWithinExpired:
      return TextId::kFailureSubmitWithin;
    default:
      return TextId::kFailureOther;
  }
}

// The message in every language, and the details.
absl::Status MakeLocalError(absl::StatusCode code, LocalText message, ErrorDetails details) {
  details.message_chinese = std::move(message.chinese);
  return MakeError(code, message.english, std::move(details));
}

LocalText IdText(const SubmissionId& id) { return Verbatim(id.value()); }

void Append(LocalText& text, const LocalText& more) {
  text.english += more.english;
  text.chinese += more.chinese;
}

absl::Status Unauthenticated(TextId text) {
  return MakeLocalError(absl::StatusCode::kUnauthenticated, MakeText(text),
                        {.reason = ErrorReason::kUnauthenticated, .no_retry = true});
}

}  // namespace

absl::Status FieldInvalid(std::vector<FieldViolation> violations) {
  const FieldViolation& first = violations.front();
  const LocalText description = DescriptionOf(first);
  const std::string field = first.field.empty() ? "" : first.field + ": ";
  LocalText message{.english = field + description.english,
                    .chinese = field + description.In(Language::kChinese)};
  if (violations.size() > 1) {
    Append(message, MakeText(TextId::kErrorMoreViolations,
                             {Verbatim(std::to_string(violations.size() - 1))}));
  }
  ErrorDetails details{.reason = ErrorReason::kFieldInvalid, .no_retry = true};
  details.violations = std::move(violations);
  return MakeLocalError(absl::StatusCode::kInvalidArgument, std::move(message), std::move(details));
}

absl::Status RequestIdReused(const SubmissionId& id, const std::vector<std::string>& fields) {
  ErrorDetails details = NoRetryAboutSubmission(id, ErrorReason::kRequestIdReused);
  details.metadata.emplace_back("fields", absl::StrJoin(fields, ","));
  return MakeLocalError(
      absl::StatusCode::kAlreadyExists,
      MakeText(TextId::kErrorRequestIdReused, {IdText(id), Verbatim(absl::StrJoin(fields, ", "))}),
      std::move(details));
}

absl::Status RequestIdExpired() {
  return MakeLocalError(absl::StatusCode::kFailedPrecondition,
                        MakeText(TextId::kErrorRequestIdExpired),
                        {.reason = ErrorReason::kRequestIdExpired, .no_retry = true});
}

absl::Status SubmissionNotFound(std::string_view key) {
  return MakeLocalError(absl::StatusCode::kNotFound, MakeText(TextId::kErrorSubmissionNotFound),
                        {.reason = ErrorReason::kSubmissionNotFound,
                         .no_retry = true,
                         .resource_type = kSubmissionResource,
                         .resource_name = std::string(key)});
}

absl::Status OutcomeUnknown(const SubmissionId& id) {
  return MakeLocalError(absl::StatusCode::kFailedPrecondition,
                        MakeText(TextId::kErrorOutcomeUnknown, {IdText(id)}),
                        NoRetryAboutSubmission(id, ErrorReason::kUpstreamOutcomeUnknown));
}

absl::Status SubmissionAbandoned(const SubmissionId& id) {
  return MakeLocalError(absl::StatusCode::kFailedPrecondition,
                        MakeText(TextId::kErrorAbandoned, {IdText(id)}),
                        NoRetryAboutSubmission(id, ErrorReason::kSubmissionAbandoned));
}

absl::Status SubmissionCancelled(const SubmissionId& id) {
  return MakeLocalError(absl::StatusCode::kFailedPrecondition,
                        MakeText(TextId::kErrorCancelled, {IdText(id)}),
                        NoRetryAboutSubmission(id, ErrorReason::kSubmissionCancelled));
}

absl::Status SubmissionFailed(const SubmissionId& id, ErrorReason reason, std::string_view message,
                              int http_status, int charges_max, absl::Duration retry_delay) {
  const absl::StatusCode code = CodeOfFailure(reason);
  ErrorDetails details = AboutSubmission(id, reason);
  if (http_status != 0) {
    details.metadata.emplace_back("http_status", std::to_string(http_status));
  }
  // When the same request_id starts a new run. By itself a library retries only what may do better.
  details.retry_delay = std::max(retry_delay, absl::ZeroDuration());
  details.no_retry =
      code != absl::StatusCode::kUnavailable && code != absl::StatusCode::kResourceExhausted;
  LocalText text = MakeText(TextId::kErrorFailed, {IdText(id), MakeText(SummaryOfFailure(reason))});
  if (!message.empty()) {
    Append(text, MakeText(TextId::kErrorUpstreamWords, {Verbatim(std::string(message))}));
  }
  if (charges_max > 0) {
    const std::string charges = std::to_string(charges_max);
    details.metadata.emplace_back("charges_max", charges);
    Append(text, MakeText(TextId::kErrorMayBeCharged, {Verbatim(charges)}));
  }
  return MakeLocalError(code, std::move(text), std::move(details));
}

absl::Status UpstreamBreakerOpen(ErrorReason reason, std::string_view text,
                                 absl::Duration retry_delay) {
  const absl::StatusCode code = CodeOfFailure(reason);
  LocalText why = MakeText(SummaryOfFailure(reason));
  why.english = std::string(text);
  return MakeLocalError(code, MakeText(TextId::kErrorBreakerOpen, {std::move(why)}),
                        {.reason = reason,
                         .retry_delay = std::max(retry_delay, absl::ZeroDuration()),
                         .no_retry = code != absl::StatusCode::kUnavailable});
}

absl::Status StoreUnavailable(std::string_view what) {
  return MakeLocalError(
      absl::StatusCode::kUnavailable,
      MakeText(TextId::kErrorStoreUnavailable, {Verbatim(std::string(what))}),
      {.reason = ErrorReason::kStoreUnavailable, .retry_delay = absl::Seconds(1)});
}

absl::Status ShuttingDown() {
  return MakeLocalError(absl::StatusCode::kUnavailable, MakeText(TextId::kErrorShuttingDown),
                        {.reason = ErrorReason::kShuttingDown, .retry_delay = absl::Seconds(1)});
}

absl::Status BacklogFull(absl::Duration retry_delay) {
  return MakeLocalError(absl::StatusCode::kResourceExhausted, MakeText(TextId::kErrorBacklogFull),
                        {.reason = ErrorReason::kBacklogFull,
                         .retry_delay = retry_delay,
                         .quota_subject = "backlog"});
}

absl::Status PermissionDenied(TextId why) {
  return MakeLocalError(absl::StatusCode::kPermissionDenied,
                        MakeText(TextId::kErrorPermissionDenied, {MakeText(why)}),
                        {.reason = ErrorReason::kPermissionDenied, .no_retry = true});
}

absl::Status CredentialMissing() { return Unauthenticated(TextId::kErrorCredentialMissing); }

absl::Status CredentialInvalid() { return Unauthenticated(TextId::kErrorCredentialInvalid); }

absl::Status CredentialExpired() { return Unauthenticated(TextId::kErrorCredentialExpired); }

absl::Status FencedOff(const SubmissionId& id, std::string_view what) {
  return absl::AbortedError(absl::StrCat(id.value(), ": ", View(what)));
}

absl::Status EtagMismatch(const SubmissionId& id) {
  return MakeLocalError(absl::StatusCode::kAborted,
                        MakeText(TextId::kErrorEtagMismatch, {IdText(id)}),
                        NoRetryAboutSubmission(id, ErrorReason::kEtagMismatch));
}

absl::Status IllegalState(const SubmissionId& id, TextId why) {
  return MakeLocalError(absl::StatusCode::kFailedPrecondition,
                        MakeText(TextId::kErrorIllegalState, {IdText(id), MakeText(why)}),
                        NoRetryAboutSubmission(id, ErrorReason::kIllegalState));
}

}  // namespace genledger::errors
