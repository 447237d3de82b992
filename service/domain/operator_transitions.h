// What callers and operators ask of a submission that is there: cancel, release, resolve, retry
// (DESIGN.md sections 2, 4).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/domain/change.h"
#include "service/domain/submission.h"

namespace genledger {

// The proto's numbers.
enum class CancelOutcome : uint8_t {
  kCancelledFree = 1,    // no POST can have been accepted
  kCancelRequested = 2,  // an attempt is out or its outcome unknown
  kDetached = 3,         // others still want it; this request_id no longer does
  kTooLate = 4,          // accepted upstream
  kAlreadyTerminal = 5,
};

struct CancelDecision {
  CancelOutcome outcome = CancelOutcome::kAlreadyTerminal;
  std::optional<Change> change;  // unset if there is nothing to write
  bool detach = false;           // the request_id that was named is to be marked as detached
};

// A cancel by id (for everybody), or by a request_id (which is withdrawn, and cancels when no other
// is attached and nobody created or joined without one). `attached` says whether that request_id
// still is.
CancelDecision DecideCancel(const Submission& before, bool by_request_id, bool attached,
                            const std::string& actor, absl::Time now);

// Lets the content be submitted again although a SUBMITTED submission holds its hash; nothing to
// write if it does not.
struct ReleaseDedupe {
  std::string actor;
};

// FAILED_PRECONDITION ILLEGAL_STATE unless it is SUBMITTED.
absl::StatusOr<Change> ReleaseHash(const Submission& before, const ReleaseDedupe& release,
                                   absl::Time now);

struct AdoptTask {
  TaskId task_id;
  int32_t attempt = 0;  // 0: the only unsettled one
};
struct DeclareNotAccepted {};
struct Abandon {};

// An operator's word on a submission whose outcome is unknown.
struct Resolution {
  std::variant<AdoptTask, DeclareNotAccepted, Abandon> kind;
  std::string note;
  std::string actor;
};

// OUTCOME_UNKNOWN (or, to adopt, ABANDONED) settled by evidence. That no other attempt of the
// account has the task_id is for the store to check. FAILED_PRECONDITION ILLEGAL_STATE;
// INVALID_ARGUMENT FIELD_INVALID (attempt) if the attempt that is meant is not unsettled or not
// told.
absl::StatusOr<Change> ResolveUnknown(const Submission& before,
                                      const std::vector<Attempt>& attempts, bool hash_is_free,
                                      const Resolution& resolution, absl::Time now);

// A new run of a FAILED or CANCELLED submission: PENDING with fresh posts and deadline; takes the
// hash again in mode CONTENT. FAILED_PRECONDITION ILLEGAL_STATE if it is in another state, was
// superseded, or another one holds the hash.
absl::StatusOr<Change> ReopenSubmission(const Submission& before, bool hash_is_free,
                                        absl::Duration submit_within, const std::string& actor,
                                        std::string note, absl::Time now);

}  // namespace genledger
