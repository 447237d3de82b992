// Every public error, by name (DESIGN.md section 4, "Answers"). Nobody else decides a code or a
// reason.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "service/base/error_details.h"
#include "service/base/error_reason.h"
#include "service/base/ids.h"
#include "service/base/texts.h"

namespace genledger::errors {

// INVALID_ARGUMENT FIELD_INVALID with every violation; the message names the first. `violations` is
// not empty.
absl::Status FieldInvalid(std::vector<FieldViolation> violations);

// ALREADY_EXISTS REQUEST_ID_REUSED: the request_id belongs to another payload; metadata `fields`
// names what differs.
absl::Status RequestIdReused(const SubmissionId& id, const std::vector<std::string>& fields);

// FAILED_PRECONDITION REQUEST_ID_EXPIRED: the record is purged and only the request_id's tombstone
// is left.
absl::Status RequestIdExpired();

// NOT_FOUND SUBMISSION_NOT_FOUND: no such submission, or another tenant's. `key` is what was asked
// for.
absl::Status SubmissionNotFound(std::string_view key);

// FAILED_PRECONDITION: the three ends of a submission that no retry can change.
absl::Status OutcomeUnknown(const SubmissionId& id);
absl::Status SubmissionAbandoned(const SubmissionId& id);
absl::Status SubmissionCancelled(const SubmissionId& id);

// The answer for a FAILED submission: code by `reason`, the upstream's words in the message.
// `charges_max`: how many POSTs may have been charged all the same (refusals that only
// --trust_5xx_envelope made some); told, and in the metadata, unless it is 0. `retry_delay` is the
// time until the same request_id reopens it; zero or less if it may be reopened now.
absl::Status SubmissionFailed(const SubmissionId& id, ErrorReason reason, std::string_view message,
                              int http_status, int charges_max, absl::Duration retry_delay);

// A breaker is open, and nothing was recorded: code by `reason`, which is UPSTREAM_UNAVAILABLE or
// one of the account's; `text` says what opened it. `retry_delay`: when a repeat may be admitted.
absl::Status UpstreamBreakerOpen(ErrorReason reason, std::string_view text,
                                 absl::Duration retry_delay);

// UNAVAILABLE STORE_UNAVAILABLE: the store is down, or a commit is in doubt (a repeat joins).
// `what` is for operators, and in English only.
absl::Status StoreUnavailable(std::string_view what);

// UNAVAILABLE SHUTTING_DOWN: this replica drains; another one (or this one, restarted) answers.
absl::Status ShuttingDown();

// RESOURCE_EXHAUSTED BACKLOG_FULL: --backlog_max is reached.
absl::Status BacklogFull(absl::Duration retry_delay);

// PERMISSION_DENIED: the caller's role or tenant does not allow it; `why` (kDenied…) names neither.
absl::Status PermissionDenied(TextId why);

// UNAUTHENTICATED: no credential came; it is none of ours; or it was one, and is too old. They tell
// nothing else of it.
absl::Status CredentialMissing();
absl::Status CredentialInvalid();
absl::Status CredentialExpired();

// ABORTED: the record has moved on since the caller read it (internal: lease, epoch or attempt
// fenced off).
absl::Status FencedOff(const SubmissionId& id, std::string_view what);

// ABORTED ETAG_MISMATCH: the submission has changed since the caller read it.
absl::Status EtagMismatch(const SubmissionId& id);

// FAILED_PRECONDITION ILLEGAL_STATE: the verb does not fit the state; `why` (kState…) says which
// would.
absl::Status IllegalState(const SubmissionId& id, TextId why);

}  // namespace genledger::errors
