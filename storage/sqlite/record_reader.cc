#include "storage/sqlite/record_reader.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "service/base/status_macros.h"
#include "storage/column_codec.h"
#include "storage/sqlite/sql.h"

namespace genledger::sqlite {
namespace {

std::string_view AsView(const UlidBytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

RecordReader::RecordReader(SQLite::Database& database, Names* names)
    : names_(names),
      by_id_(database, sql::kSelectById),
      by_request_id_(database, sql::kSelectByRequestId),
      by_hash_(database, sql::kSelectByHash),
      by_abandoned_hash_(database, sql::kSelectAbandoned),
      by_task_id_(database, sql::kSelectByTaskId),
      task_of_account_(database, sql::kSelectTaskOfAccount),
      next_tenant_(database, sql::kSelectNextTenant),
      attempts_(database, sql::kSelectAttempts),
      events_(database, sql::kSelectEvents),
      sum_counts_(database, sql::kSumCounts),
      oldest_pending_(database, sql::kSelectOldestPending),
      lists_(database, names) {}

// The row that a unique key leads to.
absl::StatusOr<std::optional<StoredSubmission>> RecordReader::ReadOne(StatementUse& use) {
  if (!use.Step()) {
    return std::nullopt;
  }
  return DecodeSubmissionRow(use.statement(), *names_);
}

absl::StatusOr<std::optional<StoredSubmission>> RecordReader::ById(const SubmissionId& id) {
  const std::optional<UlidBytes> bytes = EncodeId(id);
  if (!bytes.has_value()) {
    return std::nullopt;
  }
  StatementUse use(by_id_);
  use.Blob(AsView(*bytes));
  return ReadOne(use);
}

absl::StatusOr<StoredRequestIdMatch> RecordReader::ByRequestId(const Scope& scope,
                                                               const std::string& request_id) {
  StoredRequestIdMatch match;
  const std::optional<int64_t> account = names_->Find(scope.upstream_account);
  if (!account.has_value()) {
    return match;
  }
  StatementUse use(by_request_id_);
  use.Text(scope.tenant).Int(*account).Text(request_id);
  if (!use.Step()) {
    return match;
  }
  if (use.statement().isColumnNull(0)) {
    match.tombstone = true;
    return match;
  }
  GL_ASSIGN_OR_RETURN(match.stored, DecodeSubmissionRow(use.statement(), *names_));
  match.detached = use.statement().getColumn(use.statement().getColumnCount() - 1).getInt() != 0;
  return match;
}

absl::StatusOr<std::optional<StoredSubmission>> RecordReader::ByHashIn(SQLite::Statement& statement,
                                                                       const Scope& scope,
                                                                       int32_t hash_version,
                                                                       const RequestHash& hash) {
  const std::optional<int64_t> account = names_->Find(scope.upstream_account);
  if (!account.has_value()) {
    return std::nullopt;
  }
  StatementUse use(statement);
  use.Text(scope.tenant)
      .Int(*account)
      .Int(hash_version)
      .Blob({reinterpret_cast<const char*>(hash.bytes.data()), hash.bytes.size()});
  return ReadOne(use);
}

absl::StatusOr<std::optional<StoredSubmission>> RecordReader::ByHash(const Scope& scope,
                                                                     int32_t hash_version,
                                                                     const RequestHash& hash) {
  return ByHashIn(by_hash_, scope, hash_version, hash);
}

absl::StatusOr<std::optional<StoredSubmission>> RecordReader::ByAbandonedHash(
    const Scope& scope, int32_t hash_version, const RequestHash& hash) {
  return ByHashIn(by_abandoned_hash_, scope, hash_version, hash);
}

absl::StatusOr<std::optional<StoredSubmission>> RecordReader::ByTaskId(const std::string& tenant,
                                                                       const TaskId& task_id) {
  StatementUse use(by_task_id_);
  use.Text(tenant).Text(task_id.value());
  return ReadOne(use);
}

absl::StatusOr<std::optional<StoredSubmission>> RecordReader::TaskOfAccount(
    const std::string& tenant, const std::string& upstream_account, const TaskId& task_id) {
  const std::optional<int64_t> account = names_->Find(upstream_account);
  if (!account.has_value()) {
    return std::nullopt;
  }
  StatementUse use(task_of_account_);
  use.Text(tenant).Text(task_id.value()).Int(*account);
  return ReadOne(use);
}

absl::StatusOr<SharedSubmission> RecordReader::ReadShared(StatementUse& use) {
  return use.Step() ? DecodeSharedRow(use.statement(), *names_) : SharedSubmission();
}

absl::StatusOr<SharedSubmission> RecordReader::SharedById(const SubmissionId& id) {
  const std::optional<UlidBytes> bytes = EncodeId(id);
  if (!bytes.has_value()) {
    return SharedSubmission();
  }
  StatementUse use(by_id_);
  use.Blob(AsView(*bytes));
  return ReadShared(use);
}

absl::StatusOr<SharedRequestIdMatch> RecordReader::SharedByRequestId(
    const Scope& scope, const std::string& request_id) {
  SharedRequestIdMatch match;
  const std::optional<int64_t> account = names_->Find(scope.upstream_account);
  if (!account.has_value()) {
    return match;
  }
  StatementUse use(by_request_id_);
  use.Text(scope.tenant).Int(*account).Text(request_id);
  match.is_known = use.Step();
  if (match.is_known && !use.statement().isColumnNull(0)) {
    GL_ASSIGN_OR_RETURN(match.submission, DecodeSharedRow(use.statement(), *names_));
  }
  return match;
}

absl::StatusOr<SharedSubmission> RecordReader::SharedByHash(const Scope& scope,
                                                            int32_t hash_version,
                                                            const RequestHash& hash) {
  const std::optional<int64_t> account = names_->Find(scope.upstream_account);
  if (!account.has_value()) {
    return SharedSubmission();
  }
  StatementUse use(by_hash_);
  use.Text(scope.tenant)
      .Int(*account)
      .Int(hash_version)
      .Blob({reinterpret_cast<const char*>(hash.bytes.data()), hash.bytes.size()});
  return ReadShared(use);
}

absl::StatusOr<SharedSubmission> RecordReader::SharedByTaskId(const std::string& tenant,
                                                              const TaskId& task_id) {
  StatementUse use(by_task_id_);
  use.Text(tenant).Text(task_id.value());
  return ReadShared(use);
}

std::optional<std::string> RecordReader::NextTenant(const std::string& tenant) {
  StatementUse use(next_tenant_);
  use.Text(tenant);
  if (!use.Step() || use.statement().isColumnNull(0)) {
    return std::nullopt;
  }
  return RowReader(use.statement()).Text();
}

absl::StatusOr<std::vector<Attempt>> RecordReader::Attempts(int64_t seq, const SubmissionId& id) {
  StatementUse use(attempts_);
  use.Int(seq);
  std::vector<Attempt> attempts;
  while (use.Step()) {
    GL_ASSIGN_OR_RETURN(Attempt attempt, DecodeAttemptRow(use.statement(), *names_, id));
    attempts.push_back(std::move(attempt));
  }
  return attempts;
}

absl::StatusOr<std::vector<SubmissionEvent>> RecordReader::Events(const StoredSubmission& stored,
                                                                  int64_t after_revision,
                                                                  int32_t limit) {
  StatementUse use(events_);
  use.Int(stored.seq).Int(after_revision).Int(limit);
  std::vector<SubmissionEvent> events;
  while (use.Step()) {
    GL_ASSIGN_OR_RETURN(SubmissionEvent event,
                        DecodeEventRow(use.statement(), *names_, stored.submission.task_id));
    events.push_back(std::move(event));
  }
  return events;
}

std::map<SubmissionState, int64_t> RecordReader::CountByState() {
  std::map<SubmissionState, int64_t> counts;
  StatementUse use(sum_counts_);
  while (use.Step()) {
    RowReader row(use.statement());
    const auto state = static_cast<SubmissionState>(row.Int());
    counts[state] = row.Int();
  }
  return counts;
}

absl::Time RecordReader::OldestPendingCreateTime() {
  absl::Time oldest = absl::InfiniteFuture();
  std::string tenant;
  for (;;) {
    StatementUse use(oldest_pending_);
    if (!use.Text(tenant).Step()) {
      return oldest;
    }
    RowReader row(use.statement());
    std::string next = row.Text();
    row.Skip(1);
    oldest = std::min(oldest, DecodeTime(row.Int()));
    // The least text that comes after this tenant.
    next.push_back('\0');
    tenant = std::move(next);
  }
}

absl::StatusOr<std::vector<StoredSubmission>> ReadSubmissions(StatementUse& use, Names& names) {
  std::vector<StoredSubmission> rows;
  while (use.Step()) {
    GL_ASSIGN_OR_RETURN(StoredSubmission row, DecodeSubmissionRow(use.statement(), names));
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace genledger::sqlite
