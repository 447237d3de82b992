// How the end of an attempt, in time or late, changes its submission.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/domain/ambiguity.h"
#include "service/domain/attempt_result.h"
#include "service/domain/change.h"
#include "service/domain/submission.h"

namespace genledger {

// What became of an attempt. While it is the current one this ends it; after its lease was expired
// it is a late proof, which is kept whoever brings it (invariant 6): an acceptance always
// (with the tasks that are not known yet), a refusal or NOT_SENT if the attempt is unsettled.
// `retry_time` is the dispatcher's decision (policy and randomness are its own): nullopt if the
// run's posts are used up or the class allows no retry. `earliest_repost_time` is the same back-off
// for what an ambiguity policy may post.
struct FinishAttempt {
  int32_t attempt = 0;
  int64_t epoch = 0;
  AttemptResult result;
  std::optional<absl::Time> retry_time;
  absl::Time earliest_repost_time = absl::InfinitePast();
  AmbiguityRules rules;
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
  AmbiguityRules rules;
  std::string actor;
};

// `attempts` are all attempts of `before`, by number; `hash_is_free` says whether nobody holds its
// hash (looked at only if it does not hold it itself).
//
// ABORTED, and nothing is to be written, if it is fenced off: the attempt has ended or was settled
// already, the epoch has moved on. FAILED_PRECONDITION if the table does not allow it.
absl::StatusOr<Change> Apply(const Submission& before, const std::vector<Attempt>& attempts,
                             bool hash_is_free, const FinishAttempt& finish, absl::Time now);
absl::StatusOr<Change> Apply(const Submission& before, const std::vector<Attempt>& attempts,
                             bool hash_is_free, const ResendAttempt& resend, absl::Time now);
absl::StatusOr<Change> Apply(const Submission& before, const std::vector<Attempt>& attempts,
                             bool hash_is_free, const ExpireLease& expire, absl::Time now);

}  // namespace genledger
