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
std::string_view SummaryOfFailure(ErrorReason reason) {
  switch (reason) {
    case ErrorReason::kUpstreamRefusedRequest:
      return "the upstream refused the content of this request";
    case ErrorReason::kUpstreamCredentialInvalid:
      return "the upstream refused the service's API key (not the caller's credential)";
    case ErrorReason::kUpstreamBalanceExhausted:
      return "the upstream account has no balance left";
    case ErrorReason::kUpstreamForbidden:
      return "the upstream forbids this to the service's account";
    case ErrorReason::kUpstreamMisconfigured:
      return "the upstream URL or protocol is misconfigured";
    case ErrorReason::kUpstreamRateLimited:
      return "the upstream limited the rate of requests until submit_within ran out";
    case ErrorReason::kUpstreamUnavailable:
      return "the upstream could not be reached, or said that it failed";
    case ErrorReason::kSubmitWithinExpired:
      return "submit_within ran out before a first attempt";
    default:
      return "the submission failed";
  }
}

}  // namespace

absl::Status FieldInvalid(std::vector<FieldViolation> violations) {
  const FieldViolation& first = violations.front();
  std::string message = absl::StrCat(first.field, ": ", first.description);
  if (violations.size() > 1) {
    absl::StrAppend(&message, " (and ", violations.size() - 1, " more)");
  }
  ErrorDetails details{.reason = ErrorReason::kFieldInvalid, .no_retry = true};
  details.violations = std::move(violations);
  return MakeError(absl::StatusCode::kInvalidArgument, message, std::move(details));
}

absl::Status RequestIdReused(const SubmissionId& id, const std::vector<std::string>& fields) {
  ErrorDetails details = NoRetryAboutSubmission(id, ErrorReason::kRequestIdReused);
  details.metadata.emplace_back("fields", absl::StrJoin(fields, ","));
  return MakeError(absl::StatusCode::kAlreadyExists,
                   absl::StrCat("this request_id already names ", id.value(),
                                ", whose payload differs in: ", absl::StrJoin(fields, ", ")),
                   std::move(details));
}

absl::Status RequestIdExpired() {
  return MakeError(
      absl::StatusCode::kFailedPrecondition,
      "this request_id was used before and its record is purged; use a new request_id if "
      "another generation is really wanted",
      {.reason = ErrorReason::kRequestIdExpired, .no_retry = true});
}

absl::Status SubmissionNotFound(std::string_view key) {
  return MakeError(absl::StatusCode::kNotFound, "no such submission",
                   {.reason = ErrorReason::kSubmissionNotFound,
                    .no_retry = true,
                    .resource_type = kSubmissionResource,
                    .resource_name = std::string(key)});
}

absl::Status OutcomeUnknown(const SubmissionId& id) {
  return MakeError(
      absl::StatusCode::kFailedPrecondition,
      absl::StrCat(id.value(),
                   ": nobody can know whether the upstream accepted the POST; it may "
                   "have been charged, so it is not sent again. An operator settles it"),
      NoRetryAboutSubmission(id, ErrorReason::kUpstreamOutcomeUnknown));
}

absl::Status SubmissionAbandoned(const SubmissionId& id) {
  return MakeError(
      absl::StatusCode::kFailedPrecondition,
      absl::StrCat(id.value(),
                   " was abandoned with its outcome unknown; use a new request_id to submit "
                   "the content again, knowing that both may be charged"),
      NoRetryAboutSubmission(id, ErrorReason::kSubmissionAbandoned));
}

absl::Status SubmissionCancelled(const SubmissionId& id) {
  return MakeError(absl::StatusCode::kFailedPrecondition,
                   absl::StrCat(id.value(), " was cancelled; use a new request_id to submit again"),
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
  std::string text = absl::StrCat(id.value(), ": ", View(SummaryOfFailure(reason)));
  if (!message.empty()) {
    absl::StrAppend(&text, ": ", View(message));
  }
  if (charges_max > 0) {
    details.metadata.emplace_back("charges_max", std::to_string(charges_max));
    absl::StrAppend(&text, "; up to ", charges_max,
                    " of its POSTs may have been charged all the same");
  }
  return MakeError(code, text, std::move(details));
}

absl::Status UpstreamBreakerOpen(ErrorReason reason, std::string_view text,
                                 absl::Duration retry_delay) {
  const absl::StatusCode code = CodeOfFailure(reason);
  return MakeError(
      code,
      absl::StrCat("nothing new is submitted for now, and this was not recorded: ", View(text)),
      {.reason = reason,
       .retry_delay = std::max(retry_delay, absl::ZeroDuration()),
       .no_retry = code != absl::StatusCode::kUnavailable});
}

absl::Status StoreUnavailable(std::string_view what) {
  return MakeError(absl::StatusCode::kUnavailable, absl::StrCat("the store: ", View(what)),
                   {.reason = ErrorReason::kStoreUnavailable, .retry_delay = absl::Seconds(1)});
}

absl::Status ShuttingDown() {
  return MakeError(absl::StatusCode::kUnavailable, "this server is shutting down",
                   {.reason = ErrorReason::kShuttingDown, .retry_delay = absl::Seconds(1)});
}

absl::Status BacklogFull(std::string_view what, absl::Duration retry_delay) {
  return MakeError(absl::StatusCode::kResourceExhausted, what,
                   {.reason = ErrorReason::kBacklogFull,
                    .retry_delay = retry_delay,
                    .quota_subject = "backlog"});
}

absl::Status PermissionDenied(std::string_view what) {
  return MakeError(absl::StatusCode::kPermissionDenied, what,
                   {.reason = ErrorReason::kPermissionDenied, .no_retry = true});
}

absl::Status FencedOff(const SubmissionId& id, std::string_view what) {
  return absl::AbortedError(absl::StrCat(id.value(), ": ", View(what)));
}

absl::Status EtagMismatch(const SubmissionId& id) {
  return MakeError(absl::StatusCode::kAborted,
                   absl::StrCat(id.value(), " has changed since it was read; read it again"),
                   NoRetryAboutSubmission(id, ErrorReason::kEtagMismatch));
}

absl::Status IllegalState(const SubmissionId& id, std::string_view what) {
  return MakeError(absl::StatusCode::kFailedPrecondition,
                   absl::StrCat(id.value(), ": ", View(what)),
                   NoRetryAboutSubmission(id, ErrorReason::kIllegalState));
}

}  // namespace genledger::errors
