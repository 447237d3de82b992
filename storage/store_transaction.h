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
};

// One write transaction; it sees its own writes. Not thread safe. Errors: UNAVAILABLE, INTERNAL.
class StoreTransaction : public DedupeReader {
 public:
  virtual absl::StatusOr<std::optional<Submission>> FindById(const SubmissionId& id) = 0;
  virtual absl::StatusOr<std::optional<Attempt>> FindAttempt(const SubmissionId& id,
                                                             int32_t number) = 0;
  // PENDING of any account whose submit_deadline_time is not after `now`, earliest first.
  virtual absl::StatusOr<std::vector<Submission>> FindOutOfTime(absl::Time now, int32_t limit) = 0;
  // PENDING of one account whose next_attempt_time is not after `now`, earliest first.
  virtual absl::StatusOr<std::vector<Submission>> FindDue(const std::string& upstream_account,
                                                          absl::Time now, int32_t limit) = 0;
  // The least next_attempt_time of the account's PENDING rows and submit_deadline_time of all
  // PENDING rows; InfiniteFuture if there are none.
  virtual absl::StatusOr<absl::Time> NextDueTime(const std::string& upstream_account) = 0;
  virtual absl::StatusOr<std::vector<Submission>> FindDispatching(int32_t limit) = 0;

  // A new record with its attempt, events, request_id and, if it holds_hash, its hash hold.
  virtual absl::Status Insert(const Change& change) = 0;
  // Replaces `before`, compared-and-set on its revision; the hash hold follows holds_hash.
  virtual absl::Status Update(const Submission& before, const Change& change) = 0;
  // Makes the request_id name the submission, whether it is new or named another one.
  virtual absl::Status PointRequestId(const Scope& scope, const std::string& request_id,
                                      const SubmissionId& names) = 0;
};

}  // namespace genledger
