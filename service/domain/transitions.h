// How a submission begins, and the one door through which a store applies what happens to it.
//
// A store loads the record inside its write transaction, calls one of these, and writes the Change
// as a whole: the record compared-and-set on its revision, the attempts, the events, and the hash
// hold where holds_hash changed.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/domain/attempt_transitions.h"
#include "service/domain/change.h"
#include "service/domain/claim.h"
#include "service/domain/operator_transitions.h"
#include "service/domain/submission.h"

namespace genledger {

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
  // An ABANDONED submission of the same content.
  SubmissionId possible_duplicate_of;
  std::string actor;  // the caller's principal, for the event
};

// A brand-new PENDING submission with its "created" event. CONTENT holds its hash from here on.
Change CreateSubmission(const NewSubmission& request, absl::Time now);

// submit_deadline_time has passed while PENDING.
struct ExpireSubmitWithin {
  std::string actor;
};

// An operator starts a new run, whatever reopen_time says.
struct RetryRun {
  absl::Duration submit_within = absl::Minutes(15);
  std::string actor;
  std::string note;
};

using Transition = std::variant<FinishAttempt, ResendAttempt, ExpireLease, ExpireSubmitWithin,
                                ReleaseDedupe, Resolution, RetryRun>;

// Applies one transition; `attempts` are all attempts of the record, by number (ExpireSubmitWithin
// and RetryRun need none); `hash_is_free` says whether nobody holds its hash (looked at only if it
// does not hold it itself). The errors are those of each transition; with an error nothing is to be
// written.
absl::StatusOr<Change> ApplyTransition(const Submission& before,
                                       const std::vector<Attempt>& attempts, bool hash_is_free,
                                       const Transition& transition, absl::Time now);

}  // namespace genledger
