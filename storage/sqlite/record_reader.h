// Look-ups of records over one connection, with their statements prepared once.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "SQLiteCpp/Database.h"
#include "SQLiteCpp/Statement.h"
#include "absl/status/statusor.h"
#include "storage/sqlite/list_reader.h"
#include "storage/sqlite/names.h"
#include "storage/sqlite/rows.h"
#include "storage/store_transaction.h"
#include "storage/workflow_store.h"

namespace genledger::sqlite {

// A submission that a request_id names, with its place.
struct StoredRequestIdMatch {
  std::optional<StoredSubmission> stored;
  bool tombstone = false;
  bool detached = false;
};

// The same for whoever only passes the record on.
struct SharedRequestIdMatch {
  SharedSubmission submission;  // null: it names none
  // It is known: it names a record, or is the tombstone of one.
  bool is_known = false;
};

// Every look-up is one statement and so one snapshot. Throws SQLite::Exception: callers stand
// inside Guard(). INTERNAL for rows that do not decode. Used by one thread at a time.
class RecordReader {
 public:
  // `names` must outlive it.
  RecordReader(SQLite::Database& database, Names* names);

  absl::StatusOr<std::optional<StoredSubmission>> ById(const SubmissionId& id);
  absl::StatusOr<StoredRequestIdMatch> ByRequestId(const Scope& scope,
                                                   const std::string& request_id);
  absl::StatusOr<std::optional<StoredSubmission>> ByHash(const Scope& scope, int32_t hash_version,
                                                         const RequestHash& hash);
  absl::StatusOr<std::optional<StoredSubmission>> ByAbandonedHash(const Scope& scope,
                                                                  int32_t hash_version,
                                                                  const RequestHash& hash);
  // For whoever only passes the record on, which is so never copied. Null: there is none.
  absl::StatusOr<SharedSubmission> SharedById(const SubmissionId& id);
  absl::StatusOr<SharedRequestIdMatch> SharedByRequestId(const Scope& scope,
                                                         const std::string& request_id);
  absl::StatusOr<SharedSubmission> SharedByHash(const Scope& scope, int32_t hash_version,
                                                const RequestHash& hash);
  absl::StatusOr<SharedSubmission> SharedByTaskId(const std::string& tenant, const TaskId& task_id);
  absl::StatusOr<std::optional<StoredSubmission>> ByTaskId(const std::string& tenant,
                                                           const TaskId& task_id);
  // A submission of the tenant in this account.
  absl::StatusOr<std::optional<StoredSubmission>> TaskOfAccount(const std::string& tenant,
                                                                const std::string& upstream_account,
                                                                const TaskId& task_id);
  // The next tenant in order after `tenant`; nullopt after the last.
  std::optional<std::string> NextTenant(const std::string& tenant);

  absl::StatusOr<std::vector<Attempt>> Attempts(int64_t seq, const SubmissionId& id);
  absl::StatusOr<std::vector<SubmissionEvent>> Events(const StoredSubmission& stored,
                                                      int64_t after_revision, int32_t limit);
  // Submissions of all tenants by state.
  std::map<SubmissionState, int64_t> CountByState();
  // InfiniteFuture if nothing is PENDING. One step a tenant that has something PENDING.
  absl::Time OldestPendingCreateTime();
  // The same connection's lists.
  ListReader& lists() { return lists_; }

 private:
  absl::StatusOr<std::optional<StoredSubmission>> ReadOne(StatementUse& use);
  absl::StatusOr<SharedSubmission> ReadShared(StatementUse& use);
  absl::StatusOr<std::optional<StoredSubmission>> ByHashIn(SQLite::Statement& statement,
                                                           const Scope& scope, int32_t hash_version,
                                                           const RequestHash& hash);

  Names* const names_;
  SQLite::Statement by_id_;
  SQLite::Statement by_request_id_;
  SQLite::Statement by_hash_;
  SQLite::Statement by_abandoned_hash_;
  SQLite::Statement by_task_id_;
  SQLite::Statement task_of_account_;
  SQLite::Statement next_tenant_;
  SQLite::Statement attempts_;
  SQLite::Statement events_;
  SQLite::Statement sum_counts_;
  SQLite::Statement oldest_pending_;
  ListReader lists_;
};

// Steps through all rows.
absl::StatusOr<std::vector<StoredSubmission>> ReadSubmissions(StatementUse& use, Names& names);

}  // namespace genledger::sqlite
