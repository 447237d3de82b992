// The ledger's record of one submission, its attempts and its events (DESIGN.md sections 1 and 2).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "service/base/error_reason.h"
#include "service/base/ids.h"
#include "service/domain/generation_spec.h"
#include "service/domain/request_hash.h"

namespace genledger {

// The numbers of these enums are the proto's (genledger.v1) and are stored.
enum class SubmissionState : uint8_t {
  kPending = 1,         // durable; no byte of the current attempt was sent
  kDispatching = 2,     // the attempt is committed; bytes may be out
  kSubmitted = 3,       // accepted upstream, task_id recorded
  kFailed = 4,          // certainly not accepted
  kOutcomeUnknown = 5,  // an attempt is unsettled: nobody can know yet
  kCancelled = 6,
  kAbandoned = 7,  // nobody will ever know
};

inline constexpr SubmissionState kAllSubmissionStates[] = {
    SubmissionState::kPending,  SubmissionState::kDispatching,    SubmissionState::kSubmitted,
    SubmissionState::kFailed,   SubmissionState::kOutcomeUnknown, SubmissionState::kCancelled,
    SubmissionState::kAbandoned};

enum class DedupeMode : uint8_t {
  kContent = 1,        // request_id first, then the request hash
  kRequestIdOnly = 2,  // request_id alone; never holds or meets a hash
};

enum class AmbiguityPolicy : uint8_t { kHold = 1, kResubmitOnce = 2, kFail = 3 };

// HOLD > FAIL > RESUBMIT_ONCE: of all joiners the strictest holds.
AmbiguityPolicy Stricter(AmbiguityPolicy a, AmbiguityPolicy b);

enum class AttemptOutcome : uint8_t {
  kInFlight = 0,
  kNotSent = 1,
  kAccepted = 2,
  kRefused = 3,
  kRefusedTransient = 4,
  kAmbiguous = 5,
  kDeclaredNotAccepted = 6,
};

// Why an attempt was made; stored.
enum class AttemptKind : uint8_t {
  kOrdinary = 0,
  kResubmitOnce = 1,  // policy RESUBMIT_ONCE: the one more that it allows
  kTrustedRepost =
      2,  // --upstream_idempotency=trusted: the same key, bytes, credential and URL again
};

// "PENDING" and so on, as in the proto without its prefix.
std::string_view SubmissionStateName(SubmissionState state);
std::string_view AttemptOutcomeName(AttemptOutcome outcome);

// Who owns what: every unique key of the stores starts with it.
struct Scope {
  std::string tenant;
  std::string upstream_account;

  friend bool operator==(const Scope&, const Scope&) = default;
};

// Why a submission failed, or why its last attempt did while it waits for the next one.
struct Failure {
  ErrorReason reason = ErrorReason::kUnspecified;
  std::string message;
  int32_t http_status = 0;  // 0 if the upstream never answered
  bool retryable = false;
  // FAILED: the same request_id reopens the submission from here on.
  absl::Time reopen_time = absl::InfinitePast();

  friend bool operator==(const Failure&, const Failure&) = default;
};

// One POST to the upstream, recorded before its first byte.
struct Attempt {
  int32_t number = 0;  // 1, 2, … over all runs
  int32_t run = 0;
  AttemptOutcome outcome = AttemptOutcome::kInFlight;
  absl::Time start_time = absl::InfinitePast();
  absl::Time end_time = absl::InfinitePast();  // InfinitePast while in flight
  int32_t http_status = 0;
  std::string upstream_code;
  std::string upstream_message;
  std::string upstream_request_id;
  std::vector<TaskId> task_ids;
  std::string idempotency_key;
  std::string base_url;
  std::string credential_fingerprint;
  std::string replica;
  int64_t epoch = 0;
  AttemptKind kind = AttemptKind::kOrdinary;
  // Whether charges_max counts it: false once it was refused, not sent or declared not accepted. (A
  // refusal that only
  // --trust_5xx_envelope made one stays counted.)
  bool may_be_charged = true;

  friend bool operator==(const Attempt&, const Attempt&) = default;
};

// One step of a submission's life; its revision is the submission's after the step.
struct SubmissionEvent {
  int64_t revision = 0;
  absl::Time time = absl::InfinitePast();
  std::string type;  // created, claimed, accepted, refused, retry_scheduled, unknown, joined, …
  SubmissionState state = SubmissionState::kPending;
  int32_t attempt = 0;  // 0: the event is about no attempt
  std::string actor;    // replica or principal
  std::string note;
  TaskId task_id;
  AttemptOutcome outcome = AttemptOutcome::kInFlight;
  ErrorReason reason = ErrorReason::kUnspecified;

  friend bool operator==(const SubmissionEvent&, const SubmissionEvent&) = default;
};

// One generation asked for by one tenant. Times that are not set are InfinitePast; all are kept to
// the microsecond.
struct Submission {
  // Written once, when it is created.
  SubmissionId id;
  Scope scope;
  CanonicalSpec spec;
  std::string variation;
  RequestHash request_hash;
  int32_t hash_version = 0;
  std::string request_id;  // the first one; empty if it was created without
  DedupeMode dedupe_mode = DedupeMode::kContent;
  absl::Duration dedupe_window = absl::ZeroDuration();
  std::map<std::string, std::string> labels;
  SubmissionId possible_duplicate_of;
  absl::Time create_time = absl::InfinitePast();

  // Changed by transitions and joins only.
  SubmissionState state = SubmissionState::kPending;
  int64_t revision = 0;  // one more with each event
  TaskId task_id;
  int32_t request_id_count = 0;  // the first one and all aliases
  // Somebody created or joined it without a request_id: a cancel by request_id never cancels it.
  bool anonymous_caller = false;
  AmbiguityPolicy ambiguity_policy = AmbiguityPolicy::kHold;  // the strictest of all joiners
  // Whether it has its row in the store's hash_holds.
  bool holds_hash = false;
  SubmissionId superseded_by;
  std::optional<Failure> failure;
  absl::Time update_time = absl::InfinitePast();
  absl::Time submit_time = absl::InfinitePast();
  absl::Time submit_deadline_time = absl::InfinitePast();
  // PENDING: when the next attempt is due. OUTCOME_UNKNOWN: when its policy acts; InfinitePast if
  // it does not.
  absl::Time next_attempt_time = absl::InfinitePast();
  // SUBMITTED and ABANDONED: until when it answers for its content.
  absl::Time dedupe_expire_time = absl::InfinitePast();
  absl::Time cancel_request_time = absl::InfinitePast();

  // Runs, attempts and charges (DESIGN.md section 2, "Charges").
  int32_t run = 1;
  int32_t attempt_count = 0;      // over all runs; the current one's number while DISPATCHING
  int32_t run_attempts = 0;       // of this run: spaces the retries
  int32_t run_counted_posts = 0;  // of this run; 429 and NOT_SENT are not counted
  int32_t run_trusted_refusals =
      0;                    // of this run: refusals that only --trust_5xx_envelope made refusals
  int32_t failed_runs = 0;  // how often it ended FAILED: doubles the wait before it can be reopened
  int32_t unsettled_attempts = 0;  // AMBIGUOUS and settled by nobody
  bool resubmitted_once = false;   // RESUBMIT_ONCE has used up its one
  int32_t run_reposts = 0;         // of this run: trusted re-posts
  // The upstream said that it cannot tell (409 idempotency_result_indeterminate): no policy posts
  // again.
  bool never_repost = false;
  int32_t upstream_posts_sent = 0;
  int32_t charges_min = 0;
  int32_t charges_max = 0;

  // Which replica may act on it, and the fencing number that proves it.
  std::string lease_owner;
  int64_t epoch = 0;  // one more with each claim
  absl::Time lease_expire_time = absl::InfinitePast();

  friend bool operator==(const Submission&, const Submission&) = default;
};

// A record that is passed on without being copied.
using SharedSubmission = std::shared_ptr<const Submission>;

// What a caller presents to change only what it has seen: differs after every revision.
std::string Etag(const Submission& submission);

}  // namespace genledger
