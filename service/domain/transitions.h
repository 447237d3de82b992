// How each event changes a submission: pure functions over records, shared by all stores (DESIGN.md
// section 2).
//
// A store loads the record inside its write transaction, calls one of these, and writes the Change
// as a whole: the record compared-and-set on its revision, the attempt, the events, and the hash
// hold where holds_hash changed.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/domain/attempt_result.h"
#include "service/domain/submission.h"

namespace genledger {

// Everything that one write must store, atomically.
struct Change {
  Submission submission;                // as it is afterwards
  std::vector<SubmissionEvent> events;  // in revision order; never empty
  // Inserted if its number is new, else replaces that attempt.
  std::optional<Attempt> attempt;
};

// What a new submission is made of.
struct NewSubmission {
  SubmissionId id;
  Scope scope;
  CanonicalSpec spec;
  std::string variation;
  RequestHash request_hash;
  int32_t hash_version = 0;
  std::string request_id;
  DedupeMode dedupe_mode = DedupeMode::kContent;
  AmbiguityPolicy ambiguity_policy = AmbiguityPolicy::kHold;
  absl::Duration dedupe_window = absl::Hours(24);
  absl::Duration submit_within = absl::Minutes(15);
  std::map<std::string, std::string> labels;
  std::string actor;  // the caller's principal, for the event
};

// Who claims, and the frozen circumstances of the POST that follows.
struct Claim {
  std::string replica;
  std::string base_url;
  std::string credential_fingerprint;
  absl::Duration lease = absl::Seconds(90);
  bool send_idempotency_key = true;
};

// The end of the current attempt. `retry_time` is the dispatcher's decision (policy and randomness
// are its own): nullopt if the run's posts are used up or the class allows no retry.
struct FinishAttempt {
  int32_t attempt = 0;
  int64_t epoch = 0;
  AttemptResult result;
  std::optional<absl::Time> retry_time;
  std::string actor;
};

// A re-send of the same key and bytes within the current attempt (409 idempotency_in_progress).
struct ResendAttempt {
  int32_t attempt = 0;
  int64_t epoch = 0;
  std::string actor;
};

// The lease of the current attempt ran out; at start on SQLite, where the file lock proves that the
// owner is dead, every DISPATCHING row is expired at once.
struct ExpireLease {
  int64_t epoch = 0;
  std::string actor;
};

// submit_deadline_time has passed while PENDING.
struct ExpireSubmitWithin {
  std::string actor;
};

using Transition = std::variant<FinishAttempt, ResendAttempt, ExpireLease, ExpireSubmitWithin>;

// A brand-new PENDING submission with its "created" event. CONTENT holds its hash from here on.
Change CreateSubmission(const NewSubmission& request, absl::Time now);

// PENDING -> DISPATCHING with the next attempt: posts and charges_max grow, the epoch too.
// FAILED_PRECONDITION if the table does not allow it.
absl::StatusOr<Change> ClaimSubmission(const Submission& before, const Claim& claim,
                                       absl::Time now);

// Applies one transition. `current_attempt` is the record's attempt number attempt_count (needed by
// all but ExpireSubmitWithin). ABORTED if the epoch or attempt is no longer the current one or the
// state has moved on; FAILED_PRECONDITION if the table does not allow it.
absl::StatusOr<Change> ApplyTransition(const Submission& before,
                                       const std::optional<Attempt>& current_attempt,
                                       const Transition& transition, absl::Time now);

// A new run of a FAILED (or, for operators, CANCELLED) submission: PENDING with fresh posts and
// deadline. Takes the hash again in mode CONTENT: the store must have made sure that nobody else
// holds it.
absl::StatusOr<Change> ReopenSubmission(const Submission& before, absl::Duration submit_within,
                                        const std::string& actor, absl::Time now);

// How long a FAILED submission waits before the same request_id reopens it: 30 s, doubling to 10
// min.
absl::Duration ReopenDelay(int32_t failed_runs);

// Appends the changes of `next` to `first` (insert and claim in one commit).
Change Merge(Change first, Change next);

}  // namespace genledger
