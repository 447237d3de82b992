// The fake store's tables and their transaction.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "service/domain/submission.h"
#include "storage/account_binding.h"
#include "storage/store_transaction.h"

namespace genledger {

// Everything that a store keeps, by the keys of the real one.
struct FakeTables {
  using RequestIdKeyOf = std::tuple<std::string, std::string, std::string>;
  using HashKey = std::tuple<std::string, std::string, int32_t, RequestHash>;

  std::map<SubmissionId, Submission> submissions;
  std::map<RequestIdKeyOf, SubmissionId> request_ids;  // tenant, account, request_id
  std::map<HashKey, SubmissionId> hash_holds;
  std::map<HashKey, SubmissionId> abandoned;
  std::map<RequestIdKeyOf, bool> detached;
  // request_ids whose submission is purged, by when it was updated last.
  std::set<std::pair<absl::Time, RequestIdKeyOf>> tombstones;
  std::map<SubmissionId, std::map<int32_t, Attempt>> attempts;
  std::map<SubmissionId, std::vector<SubmissionEvent>> events;
  std::optional<RecordedAccount> account;
  // Which of all claims was the last one of a tenant (and account).
  std::map<std::pair<std::string, std::string>, int64_t> last_claims;
  int64_t claims = 0;
};

// Writes into the tables at once and can take all of it back.
class FakeTransaction : public StoreTransaction {
 public:
  explicit FakeTransaction(FakeTables* tables) : tables_(tables) {}

  void RollBack();

  absl::StatusOr<RequestIdMatch> FindByRequestId(const Scope& scope,
                                                 const std::string& request_id) override;
  absl::StatusOr<std::optional<Submission>> FindByHash(const Scope& scope, int32_t hash_version,
                                                       const RequestHash& hash) override;
  absl::StatusOr<std::optional<Submission>> FindAbandoned(const Scope& scope, int32_t hash_version,
                                                          const RequestHash& hash) override;
  absl::StatusOr<std::optional<Submission>> FindById(const SubmissionId& id) override;
  absl::StatusOr<std::optional<Submission>> FindByTaskId(const std::optional<std::string>& tenant,
                                                         const TaskId& task_id) override;
  absl::StatusOr<std::optional<Submission>> FindTaskOwner(const std::string& upstream_account,
                                                          const TaskId& task_id) override;
  absl::StatusOr<int64_t> CountInAccount(const std::string& upstream_account,
                                         SubmissionState state) override;
  absl::StatusOr<int64_t> CountInScope(const Scope& scope, SubmissionState state) override;
  absl::StatusOr<std::vector<Attempt>> FindAttempts(const SubmissionId& id) override;
  absl::StatusOr<std::vector<Submission>> FindOutOfTime(absl::Time now, int32_t limit) override;
  absl::StatusOr<std::vector<DueTenant>> FindDueTenants(const std::string& upstream_account,
                                                        absl::Time now, int32_t limit) override;
  absl::StatusOr<std::vector<Submission>> FindDue(const Scope& scope, absl::Time now,
                                                  int32_t limit) override;
  absl::StatusOr<std::vector<Submission>> FindUnknownDue(const std::string& upstream_account,
                                                         AmbiguityPolicy policy, absl::Time now,
                                                         int32_t limit) override;
  absl::StatusOr<std::vector<Submission>> FindLeases(absl::Time ended_by, int32_t limit) override;
  absl::StatusOr<absl::Time> NextDueTime(const std::string& upstream_account) override;
  absl::StatusOr<std::vector<Submission>> FindBehind(const SubmissionId& after,
                                                     int32_t limit) override;
  absl::StatusOr<std::vector<SubmissionEvent>> FindEvents(const Submission& submission) override;
  absl::Status Insert(const Change& change) override;
  absl::Status Update(const Submission& before, const Change& change) override;
  absl::Status PointRequestId(const Scope& scope, const std::string& request_id,
                              const SubmissionId& names) override;
  absl::Status DetachRequestId(const Scope& scope, const std::string& request_id) override;
  absl::Status Remove(const Submission& submission, const std::vector<Attempt>& attempts,
                      const std::vector<std::string>& request_ids) override;
  absl::StatusOr<int64_t> RemoveTombstones(absl::Time before, int32_t limit) override;

 private:
  // What one submission looked like before this transaction.
  struct Undo {
    std::optional<Submission> submission;
    std::map<int32_t, Attempt> attempts;
    std::vector<SubmissionEvent> events;
  };

  bool HasTask(const SubmissionId& id, const TaskId& task_id) const;
  void RememberForUndo(const SubmissionId& id);
  void NoteClaimed(const Submission& after);
  void MoveAbandoned(const Submission& before, const Submission& after);
  absl::Status MoveHashHold(const std::optional<Submission>& before, const Submission& after);
  void WriteParts(const Change& change);

  FakeTables* const tables_;
  std::map<SubmissionId, Undo> undo_;
  std::vector<std::pair<FakeTables::RequestIdKeyOf, std::optional<SubmissionId>>> request_id_undo_;
  std::vector<std::pair<FakeTables::HashKey, std::optional<SubmissionId>>> hash_undo_;
  std::vector<std::pair<FakeTables::HashKey, std::optional<SubmissionId>>> abandoned_undo_;
  std::vector<std::pair<FakeTables::RequestIdKeyOf, std::optional<bool>>> detached_undo_;
  std::optional<std::set<std::pair<absl::Time, FakeTables::RequestIdKeyOf>>> tombstones_undo_;
};

}  // namespace genledger
