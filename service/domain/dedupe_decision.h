// What dedupe decides on, and what it decides.
#pragma once

#include <optional>

#include "service/domain/change.h"
#include "service/domain/submission.h"

namespace genledger {

// What the store found for a request, all in the request's scope.
struct DedupeMatch {
  // The submission that the request_id names (its own or an alias).
  std::optional<Submission> by_request_id;
  // The record is purged and only the request_id's tombstone is left.
  bool request_id_tombstone = false;
  // The submission that holds the request hash; looked up in mode CONTENT only.
  std::optional<Submission> by_hash;
  // The latest ABANDONED submission of the content; looked up in mode CONTENT if nobody holds the
  // hash.
  std::optional<Submission> abandoned;
  // The request_id was withdrawn from by_request_id by a cancel.
  bool request_id_detached = false;
};

enum class DedupeAction {
  kCreate,  // nothing answers: insert
  kReplay,  // by request_id; `change` if something must be written
  kJoin,  // by hash; `change` if something must be written, `add_alias` if the request_id is new to
          // it
  kReopen,  // by request_id: a new run
  kMove,    // by request_id, but another submission holds the hash now: the request_id moves there
            // for good
};

struct DedupeDecision {
  DedupeAction action = DedupeAction::kCreate;
  // Who answers: for kReplay, kReopen by_request_id; for kJoin, kMove by_hash. Unset for kCreate.
  std::optional<Submission> submission;
  // What is to be written to that submission; unset if it answers as it is.
  std::optional<Change> change;
  // The request_id must be inserted (kJoin), re-pointed (kMove) or re-attached (kReplay, kReopen:
  // it was withdrawn before) to `submission`; its request_id_count counts it already.
  bool add_alias = false;
  // kMove: the submission that the request_id leaves, with superseded_by set.
  std::optional<Change> superseded;
  // kCreate: the ABANDONED submission of the same content: both may have been paid.
  SubmissionId possible_duplicate_of;
  // kCreate: a SUBMITTED submission whose window is over for this caller and that gives up the hash
  // first.
  std::optional<Change> released;
};

}  // namespace genledger
