// What the shared operations (storage/store_operations.h) need from a store: look-ups and writes of
// whole records inside one transaction. A store implements this and takes no decision of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/base/ids.h"
#include "service/domain/request_hash.h"
#include "service/domain/submission.h"
#include "service/domain/transitions.h"

namespace genledger {

// What a request_id names.
struct RequestIdMatch {
  std::optional<Submission> submission;
  // The request_id is known, but its record is purged.
  bool tombstone = false;
  // It was withdrawn from the submission by a cancel.
  bool detached = false;
};

// A tenant with work that is due: PENDING whose next_attempt_time has come, and OUTCOME_UNKNOWN
// whose policy is to act (next_attempt_time is set) and whose has.
struct DueTenant {
  std::string tenant;
  int64_t in_flight = 0;  // DISPATCHING in the account
  int64_t waiting = 0;    // how much is due, counted no further than the limit of the question
};

// The look-ups of dedupe; also possible without a write transaction. Errors: UNAVAILABLE, INTERNAL.
class DedupeReader {
 public:
  virtual ~DedupeReader() = default;

  virtual absl::StatusOr<RequestIdMatch> FindByRequestId(const Scope& scope,
                                                         const std::string& request_id) = 0;
  // The submission that holds the hash.
  virtual absl::StatusOr<std::optional<Submission>> FindByHash(const Scope& scope,
                                                               int32_t hash_version,
                                                               const RequestHash& hash) = 0;
  // The latest ABANDONED submission of the content.
  virtual absl::StatusOr<std::optional<Submission>> FindAbandoned(const Scope& scope,
                                                                  int32_t hash_version,
                                                                  const RequestHash& hash) = 0;
};

// One write transaction; it sees its own writes. Not thread safe. Errors: UNAVAILABLE, INTERNAL.
class StoreTransaction : public DedupeReader {
 public:
  virtual absl::StatusOr<std::optional<Submission>> FindById(const SubmissionId& id) = 0;
  // A submission that has an attempt with this task; of any tenant if none is named.
  virtual absl::StatusOr<std::optional<Submission>> FindByTaskId(
      const std::optional<std::string>& tenant, const TaskId& task_id) = 0;
  // A submission of any tenant that has an attempt with this task in this account.
  virtual absl::StatusOr<std::optional<Submission>> FindTaskOwner(
      const std::string& upstream_account, const TaskId& task_id) = 0;
  // How many submissions of the account, or of one tenant of it, are in the state; this
  // transaction's own changes included.
  virtual absl::StatusOr<int64_t> CountInAccount(const std::string& upstream_account,
                                                 SubmissionState state) = 0;
  virtual absl::StatusOr<int64_t> CountInScope(const Scope& scope, SubmissionState state) = 0;
  // All of them, by number.
  virtual absl::StatusOr<std::vector<Attempt>> FindAttempts(const SubmissionId& id) = 0;
  // PENDING of any account whose submit_deadline_time is not after `now`, earliest first.
  virtual absl::StatusOr<std::vector<Submission>> FindOutOfTime(absl::Time now, int32_t limit) = 0;
  // Tenants with work of the account that is due: the fewest attempts in flight first; of equals
  // the one that was given a slot longest ago, as far as the store knows; then the earliest due.
  virtual absl::StatusOr<std::vector<DueTenant>> FindDueTenants(const std::string& upstream_account,
                                                                absl::Time now, int32_t limit) = 0;
  // What is due of one tenant, earliest first.
  virtual absl::StatusOr<std::vector<Submission>> FindDue(const Scope& scope, absl::Time now,
                                                          int32_t limit) = 0;
  // What is due of the account's OUTCOME_UNKNOWN with this policy, earliest first.
  virtual absl::StatusOr<std::vector<Submission>> FindUnknownDue(
      const std::string& upstream_account, AmbiguityPolicy policy, absl::Time now,
      int32_t limit) = 0;
  // DISPATCHING whose lease ends at or before `ended_by`, earliest first; InfiniteFuture: all.
  virtual absl::StatusOr<std::vector<Submission>> FindLeases(absl::Time ended_by,
                                                             int32_t limit) = 0;
  // The least of: next_attempt_time of the account's PENDING and OUTCOME_UNKNOWN rows,
  // submit_deadline_time of all PENDING rows, lease_expire_time of all DISPATCHING rows;
  // InfiniteFuture if there are none.
  virtual absl::StatusOr<absl::Time> NextDueTime(const std::string& upstream_account) = 0;

  // Submissions whose ids are behind `after`, in the order of ids, which is that of creation.
  virtual absl::StatusOr<std::vector<Submission>> FindBehind(const SubmissionId& after,
                                                             int32_t limit) = 0;
  // Those of `submissions`, just looked up, that nobody else is at, so that nobody else removes
  // them meanwhile. What is then asked of them is cheaper than alone. A store of a single writer
  // keeps all of them.
  virtual absl::StatusOr<std::vector<Submission>> ReserveForRemoval(
      std::vector<Submission> submissions) {
    return submissions;
  }
  // All of them, in revision order.
  virtual absl::StatusOr<std::vector<SubmissionEvent>> FindEvents(const Submission& submission) = 0;

  // A new record with its attempts, events, request_id and, if it holds_hash, its hash hold.
  virtual absl::Status Insert(const Change& change) = 0;
  // Replaces `before`, compared-and-set on its revision; the hash hold follows holds_hash, and what
  // FindAbandoned finds follows the state.
  virtual absl::Status Update(const Submission& before, const Change& change) = 0;
  // Makes the request_id name the submission, attached, whether it is new, was detached, or named
  // another one.
  virtual absl::Status PointRequestId(const Scope& scope, const std::string& request_id,
                                      const SubmissionId& names) = 0;
  // Marks a request_id that names a submission as withdrawn.
  virtual absl::Status DetachRequestId(const Scope& scope, const std::string& request_id) = 0;
  // Deletes a record with all of its `attempts`, their tasks, its events, its hash hold and what
  // FindAbandoned finds. Those of `request_ids` that name it become tombstones of the time at which
  // it was updated last.
  virtual absl::Status Remove(const Submission& submission, const std::vector<Attempt>& attempts,
                              const std::vector<std::string>& request_ids) = 0;
  // Deletes tombstones of before that time, oldest first; how many.
  virtual absl::StatusOr<int64_t> RemoveTombstones(absl::Time before, int32_t limit) = 0;
};

}  // namespace genledger
