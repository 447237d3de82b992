// The transaction that the shared operations see: one for a group of writes, over rows in memory.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "storage/postgres/connection.h"
#include "storage/postgres/group_state.h"
#include "storage/postgres/look_ups.h"
#include "storage/store_transaction.h"

namespace genledger::postgres {

// Which of all claims of this replica was the last one of a tenant. Thread safe.
class LastClaims {
 public:
  void Note(const Scope& scope);
  int64_t Of(const Scope& scope) const;

 private:
  mutable absl::Mutex mu_;
  int64_t claims_ ABSL_GUARDED_BY(mu_) = 0;
  std::map<std::pair<std::string, std::string>, int64_t> last_ ABSL_GUARDED_BY(mu_);
};

// When what waits is due, as one round trip has found it.
struct DueWork {
  struct Tenant {
    std::string tenant;
    int64_t in_flight = 0;  // DISPATCHING
    int64_t unknown = 0;    // OUTCOME_UNKNOWN
    absl::Time earliest;
  };
  std::string account;
  // Those with PENDING work of the account, or with OUTCOME_UNKNOWN whose policy is to act.
  std::vector<Tenant> tenants;
  // Of all accounts; InfiniteFuture: none.
  absl::Time earliest_deadline;
  absl::Time earliest_lease_end;
};

struct GroupOptions {
  Connection* connection = nullptr;
  LastClaims* last_claims = nullptr;
  int64_t slot = 0;  // of state_counts
  absl::Duration timeout;
};

// Nothing is locked while the commands decide: every row that they change is compared-and-set on
// its revision when it is written, and every key that they found free is unique, so whoever was
// slower is told by the database, before the commit, and runs again (IsLostRace). Look-ups by keys
// come from memory where Prefetch has fetched them. The look-ups of what is due, and all others,
// are statements of their own; what the commands have written so far is written to the database
// before them, inside the transaction, so a command that uses them must be alone in its group.
// Used by one thread.
class GroupTransaction : public StoreTransaction {
 public:
  explicit GroupTransaction(const GroupOptions& options) : options_(options) {}

  // One round trip; the database's time. With `alone` it also begins the transaction.
  absl::StatusOr<absl::Time> Prefetch(const LookUps& look_ups, bool alone);

  void StartCommand() { state_.StartCommand(); }
  void RollBackCommand() { state_.RollBackCommand(); }
  // What has ended the group, if anything: a statement failed, or somebody else was faster. Nothing
  // was committed.
  const absl::Status& failure() const { return failure_; }

  // Whether a commit is needed.
  bool dirty() { return begun_ || state_.dirty(); }
  // By which the commit is recognised. After a flush it is one of what was flushed.
  std::optional<Witness> witness();
  // Writes what is left and commits, in one round trip. What a failure means is the connection's to
  // say: if it is broken() or has warned(), the commit is in doubt; so it is if IsInDoubt().
  absl::Status Commit();
  // Takes back all of it, for a command that failed alone in its group.
  absl::Status RollBack();
  // What the commit changed.
  const std::vector<SubmissionId>& changed() const { return changed_; }

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
  absl::StatusOr<std::vector<Submission>> ReserveForRemoval(
      std::vector<Submission> submissions) override;
  absl::StatusOr<std::vector<SubmissionEvent>> FindEvents(const Submission& submission) override;
  absl::Status Insert(const Change& change) override;
  absl::Status Update(const Submission& before, const Change& change) override;
  absl::Status PointRequestId(const Scope& scope, const std::string& request_id,
                              const SubmissionId& names) override;
  absl::Status DetachRequestId(const Scope& scope, const std::string& request_id) override;
  absl::Status Remove(const Submission& submission, const std::vector<Attempt>& attempts,
                      const std::vector<std::string>& request_ids) override;
  absl::StatusOr<int64_t> RemoveTombstones(absl::Time before, int32_t limit) override;

  // The store's own facts. Lock them before reading what is to be changed.
  absl::Status LockMeta();
  absl::StatusOr<std::optional<std::string>> GetMeta(const std::string& key);
  absl::Status PutMeta(const std::string& key, const std::string& value);
  // Writes what nobody reads, so that there is something to commit.
  absl::Status PutProbe();

 private:
  absl::Status Fail(absl::Status status);
  absl::StatusOr<std::vector<Rows>> Run(const std::vector<Statement>& statements);
  // Behind everything that is still to be written, in one round trip; the rows of these alone.
  absl::StatusOr<std::vector<Rows>> AskAll(std::vector<Statement> questions);
  absl::StatusOr<Rows> Ask(const char* sql, Values parameters);
  absl::StatusOr<std::vector<Submission>> AskForSubmissions(const std::string& sql,
                                                            Values parameters);
  absl::StatusOr<std::optional<Submission>> AskForOne(const std::string& sql, Values parameters);
  void NoteFlushed();
  // Those that nobody else is at, as they were: ours until the transaction ends. One round trip,
  // which also fetches their attempts, and their events if asked to.
  absl::StatusOr<std::vector<Submission>> Lock(std::vector<Submission> submissions,
                                               bool with_events);
  absl::StatusOr<std::vector<Submission>> AskAndLock(const std::string& sql, Values parameters);
  absl::Status LookUpDueWork(const std::string& account);
  std::vector<Statement> OpeningStatements() const;

  // Statements for look-ups, and their rows into the state.
  static std::vector<Statement> StatementsOf(const LookUps& look_ups);
  absl::Status Learn(const LookUps& look_ups, const std::vector<Rows>& rows, size_t first);
  absl::Status LookUp(const LookUps& look_ups);
  absl::Status LearnNames(const Rows& rows);
  absl::Status LearnHolds(const Rows& rows);
  void LearnAbandoned(const Rows& rows);
  absl::Status LearnSubmissions(const Rows& rows);
  absl::Status LearnAttempts(const std::set<SubmissionId>& ids, const Rows& rows);
  absl::Status LearnEvents(const std::set<SubmissionId>& ids, const Rows& rows);
  void LearnDueWork(const std::string& account, const std::vector<Rows>& rows, size_t first);
  const Submission& Learn(Submission submission);
  // As the commands have left it.
  std::optional<Submission> Current(const SubmissionId& id) const;

  absl::StatusOr<std::optional<Submission>> FindHash(JournaledMap<HashKey, CachedHash>& hashes,
                                                     const HashKey& key, const LookUps& look_ups);
  void WriteParts(CachedRecord& record, const Change& change);
  void Count(const Scope& scope, SubmissionState state, int64_t delta);
  void MoveHashes(const Submission& before, const Submission& after);
  int64_t PendingCount(const std::string& account, const std::string* tenant,
                       SubmissionState state);

  const GroupOptions options_;
  GroupState state_;
  std::map<std::pair<std::string, int64_t>, int64_t> account_counts_;  // as the database has them
  // Until something is written or taken, which it does not know of.
  std::optional<DueWork> due_work_;
  std::optional<Witness> flushed_witness_;
  std::vector<SubmissionId> changed_;
  absl::Status failure_;
  // Rows of hash_holds whose submission is not there.
  std::map<HashKey, SubmissionId> orphaned_holds_;
  bool begun_ = false;
};

}  // namespace genledger::postgres
