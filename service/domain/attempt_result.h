// What one POST came to, as the classifier of service/upstream saw it (DESIGN.md section 6).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "service/base/error_reason.h"
#include "service/base/ids.h"

namespace genledger {

// The outcome classes.
enum class AttemptClass {
  // No request byte was written: certainly not accepted, not charged, not a POST.
  kNotSent,
  // The upstream accepted it and told at least one task id.
  kAccepted,
  // Refused for good: the same bytes would be refused again.
  kRefused,
  // Refused for now: the same bytes may be accepted later.
  kRefusedTransient,
  // Refused because of our account or key (401, 402, 403): another key may do.
  kRefusedAccount,
  // Nobody can know whether it was accepted.
  kAmbiguous,
  // 409 idempotency_in_progress: the same attempt goes on; re-send the same key and bytes after
  // retry_after.
  kInProgress,
};

struct AttemptResult {
  AttemptClass outcome = AttemptClass::kAmbiguous;

  // What the caller is told if the submission ends here; kUnspecified for kAccepted.
  ErrorReason reason = ErrorReason::kUnspecified;
  // 0 if no status line arrived.
  int http_status = 0;
  // error.code as text (int, numeric string, symbol or empty upstream); our own word for transport
  // failures
  // ("connect_failed", "timeout", …).
  std::string upstream_code;
  // At most 512 bytes of UTF-8, tags and secrets removed.
  std::string upstream_message;
  std::string upstream_request_id;
  // kAccepted: all task ids of the answer, the first is the submission's. Never empty strings.
  std::vector<TaskId> task_ids;

  // The Retry-After of the answer, seconds or date already turned into a duration; a floor for the
  // next attempt.
  std::optional<absl::Duration> retry_after;
  // kNotSent, kRefusedTransient: whether this POST uses up one of the run's posts (429 and NOT_SENT
  // do not).
  bool counts_against_posts = true;
  // Takes a token of the retry budget (5xx and get_channel_failed do; 429 and NOT_SENT do not).
  bool spends_retry_budget = false;
  // A 500, 502 or 503 with the JSON error envelope that only --trust_5xx_envelope made a refusal:
  // retried at most twice, and charges_max keeps it because it may have been charged.
  bool trusted_envelope = false;
  // 409 idempotency_result_indeterminate: neither `trusted` nor RESUBMIT_ONCE may re-post.
  bool never_repost = false;

  friend bool operator==(const AttemptResult&, const AttemptResult&) = default;
};

}  // namespace genledger
