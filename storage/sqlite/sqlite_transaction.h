// The record writes of one connection, as the shared store operations use them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "SQLiteCpp/Database.h"
#include "SQLiteCpp/Statement.h"
#include "storage/sqlite/due_tenants.h"
#include "storage/sqlite/names.h"
#include "storage/sqlite/recent_records.h"
#include "storage/sqlite/record_reader.h"
#include "storage/sqlite/state_counts.h"
#include "storage/store_transaction.h"

namespace genledger::sqlite {

// Dedupe's look-ups over a connection that only reads.
class SqliteDedupeReader : public DedupeReader {
 public:
  explicit SqliteDedupeReader(RecordReader* reader) : reader_(reader) {}

  absl::StatusOr<RequestIdMatch> FindByRequestId(const Scope& scope,
                                                 const std::string& request_id) override;
  absl::StatusOr<std::optional<Submission>> FindByHash(const Scope& scope, int32_t hash_version,
                                                       const RequestHash& hash) override;
  absl::StatusOr<std::optional<Submission>> FindAbandoned(const Scope& scope, int32_t hash_version,
                                                          const RequestHash& hash) override;

 private:
  RecordReader* const reader_;
};

// Used by the writer thread only, between BEGIN and COMMIT or inside a savepoint.
class SqliteTransaction : public StoreTransaction {
 public:
  // Prepares all statements; throws SQLite::Exception. The database must outlive it.
  explicit SqliteTransaction(SQLite::Database& database);

  // Call before each group of commands.
  void StartGroup() {
    counts_.StartGroup();
    due_tenants_.StartGroup();
  }
  // Call before each command: forgets where the records of the last one lie.
  void StartCommand() {
    located_.clear();
    counts_.StartCommand();
    due_tenants_.StartCommand();
  }
  // Call after a command that failed before it had written anything.
  void TakeBackCommand() {
    counts_.RollBackCommand();
    due_tenants_.RollBackCommand();
  }
  // Call after each rollback of a savepoint.
  void RolledBack() {
    names_.Forget();
    recent_.ForgetAll();
    TakeBackCommand();
  }
  // Call after a rollback of all that the group has written.
  void RolledBackGroup() {
    names_.Forget();
    recent_.ForgetAll();
    counts_.RollBackGroup();
    due_tenants_.RollBackGroup();
  }
  // Call before each commit: writes what is kept once for all of its commands.
  absl::Status FinishGroup();
  // The records that were SUBMITTED and that the commands since the last call have changed or
  // deleted, or tried to.
  std::vector<SubmissionId> TakeOutdated() { return std::exchange(outdated_, {}); }

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

  absl::StatusOr<std::optional<std::string>> GetMeta(const std::string& key);
  absl::Status PutMeta(const std::string& key, const std::string& value);

 private:
  Submission Remember(StoredSubmission stored);
  std::optional<Submission> Remember(std::optional<StoredSubmission> stored);
  absl::StatusOr<std::vector<Submission>> RememberAll(StatementUse& use);
  // Where a record lies that this command has loaded or inserted.
  int64_t SeqOf(const SubmissionId& id) const;
  void WriteParts(int64_t seq, const Change& change);
  void Bury(int64_t seq, const Submission& submission, const std::string& request_id);
  // Runs a statement on one of the tables that are keyed by scope and hash; the rows changed.
  int RunOnHash(SQLite::Statement& statement, int64_t seq, const Submission& submission);
  void NoteOutdated(const Submission& before);
  // What is kept in memory follows the record; nullopt: it is new.
  void NoteWritten(std::optional<SubmissionState> before, const Submission& after);
  // How many rows one of the counting statements finds due.
  int64_t CountDue(SQLite::Statement& statement, const Scope& scope, absl::Time now, int32_t limit);
  // hash_holds and abandoned_hashes follow the record.
  absl::Status MoveHash(int64_t seq, const Submission& before, const Submission& after);

  SQLite::Database& database_;
  Names names_;
  RecordReader reader_;
  RecentRecords recent_;
  StateCounts counts_;
  DueTenants due_tenants_;
  SQLite::Statement out_of_time_;
  SQLite::Statement due_;
  SQLite::Statement unknown_due_;
  SQLite::Statement count_due_;
  SQLite::Statement count_unknown_due_;
  SQLite::Statement policy_due_;
  SQLite::Statement leases_;
  SQLite::Statement next_deadline_;
  SQLite::Statement next_lease_end_;
  SQLite::Statement insert_submission_;
  SQLite::Statement update_submission_;
  SQLite::Statement insert_hash_hold_;
  SQLite::Statement delete_hash_hold_;
  SQLite::Statement put_abandoned_;
  SQLite::Statement delete_abandoned_;
  SQLite::Statement point_request_id_;
  SQLite::Statement detach_request_id_;
  SQLite::Statement put_attempt_;
  SQLite::Statement insert_attempt_task_;
  SQLite::Statement insert_event_;
  SQLite::Statement behind_;
  SQLite::Statement delete_submission_;
  SQLite::Statement delete_attempts_;
  SQLite::Statement delete_attempt_task_;
  SQLite::Statement delete_events_;
  SQLite::Statement bury_request_id_;
  SQLite::Statement insert_tombstone_;
  SQLite::Statement tombstones_;
  SQLite::Statement delete_tombstone_;
  SQLite::Statement delete_buried_request_id_;
  SQLite::Statement select_meta_;
  SQLite::Statement put_meta_;
  std::vector<std::pair<SubmissionId, int64_t>> located_;
  std::vector<SubmissionId> outdated_;
};

}  // namespace genledger::sqlite
