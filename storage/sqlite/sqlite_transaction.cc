#include "storage/sqlite/sqlite_transaction.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "service/base/check.h"
#include "service/base/status_macros.h"
#include "storage/column_codec.h"
#include "storage/sqlite/rows.h"
#include "storage/sqlite/sql.h"
#include "storage/sqlite/sqlite_status.h"
#include "storage/sqlite/statement.h"

namespace genledger::sqlite {
namespace {

std::optional<Submission> Take(std::optional<StoredSubmission> stored) {
  if (!stored.has_value()) {
    return std::nullopt;
  }
  return std::move(stored->submission);
}

std::string_view AsView(const UlidBytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string_view AsView(const RequestHash& hash) {
  return {reinterpret_cast<const char*>(hash.bytes.data()), hash.bytes.size()};
}

// A write that must have changed exactly one row.
absl::Status ExpectOneRow(int changed, std::string_view what, const SubmissionId& id) {
  if (changed == 1) {
    return absl::OkStatus();
  }
  return absl::InternalError(absl::StrCat(std::string(what), " of ", id.value(), " changed ",
                                          changed, " rows instead of one"));
}

}  // namespace

absl::StatusOr<RequestIdMatch> SqliteDedupeReader::FindByRequestId(const Scope& scope,
                                                                   const std::string& request_id) {
  return Guard("look up a request_id", [&]() -> absl::StatusOr<RequestIdMatch> {
    GL_ASSIGN_OR_RETURN(StoredRequestIdMatch match, reader_->ByRequestId(scope, request_id));
    return RequestIdMatch{.submission = Take(std::move(match.stored)),
                          .tombstone = match.tombstone,
                          .detached = match.detached};
  });
}

absl::StatusOr<std::optional<Submission>> SqliteDedupeReader::FindByHash(const Scope& scope,
                                                                         int32_t hash_version,
                                                                         const RequestHash& hash) {
  return Guard("look up a hash", [&]() -> absl::StatusOr<std::optional<Submission>> {
    GL_ASSIGN_OR_RETURN(std::optional<StoredSubmission> stored,
                        reader_->ByHash(scope, hash_version, hash));
    return Take(std::move(stored));
  });
}

absl::StatusOr<std::optional<Submission>> SqliteDedupeReader::FindAbandoned(
    const Scope& scope, int32_t hash_version, const RequestHash& hash) {
  return Guard("look up an abandoned hash", [&]() -> absl::StatusOr<std::optional<Submission>> {
    GL_ASSIGN_OR_RETURN(std::optional<StoredSubmission> stored,
                        reader_->ByAbandonedHash(scope, hash_version, hash));
    return Take(std::move(stored));
  });
}

SqliteTransaction::SqliteTransaction(SQLite::Database& database)
    : database_(database),
      names_(database),
      reader_(database, &names_),
      counts_(database, &names_),
      due_tenants_(database, &names_, &counts_),
      out_of_time_(database, sql::kSelectOutOfTime),
      due_(database, sql::kSelectDue),
      unknown_due_(database, sql::kSelectUnknownDue),
      count_due_(database, sql::kCountDue),
      count_unknown_due_(database, sql::kCountUnknownDue),
      policy_due_(database, sql::kSelectPolicyDue),
      leases_(database, sql::kSelectLeases),
      next_deadline_(database, sql::kSelectNextDeadline),
      next_lease_end_(database, sql::kSelectNextLeaseEnd),
      insert_submission_(database, sql::kInsertSubmission),
      update_submission_(database, sql::kUpdateSubmission),
      insert_hash_hold_(database, sql::kInsertHashHold),
      delete_hash_hold_(database, sql::kDeleteHashHold),
      put_abandoned_(database, sql::kPutAbandoned),
      delete_abandoned_(database, sql::kDeleteAbandoned),
      point_request_id_(database, sql::kPointRequestId),
      detach_request_id_(database, sql::kDetachRequestId),
      put_attempt_(database, sql::kPutAttempt),
      insert_attempt_task_(database, sql::kInsertAttemptTask),
      insert_event_(database, sql::kInsertEvent),
      behind_(database, sql::kSelectBehind),
      delete_submission_(database, sql::kDeleteSubmission),
      delete_attempts_(database, sql::kDeleteAttempts),
      delete_attempt_task_(database, sql::kDeleteAttemptTask),
      delete_events_(database, sql::kDeleteEvents),
      bury_request_id_(database, sql::kBuryRequestId),
      insert_tombstone_(database, sql::kInsertTombstone),
      tombstones_(database, sql::kSelectTombstones),
      delete_tombstone_(database, sql::kDeleteTombstone),
      delete_buried_request_id_(database, sql::kDeleteBuriedRequestId),
      select_meta_(database, sql::kSelectMeta),
      put_meta_(database, sql::kPutMeta) {}

Submission SqliteTransaction::Remember(StoredSubmission stored) {
  located_.emplace_back(stored.submission.id, stored.seq);
  return std::move(stored.submission);
}

std::optional<Submission> SqliteTransaction::Remember(std::optional<StoredSubmission> stored) {
  if (!stored.has_value()) {
    return std::nullopt;
  }
  return Remember(*std::move(stored));
}

absl::StatusOr<std::vector<Submission>> SqliteTransaction::RememberAll(StatementUse& use) {
  GL_ASSIGN_OR_RETURN(std::vector<StoredSubmission> rows, ReadSubmissions(use, names_));
  std::vector<Submission> submissions;
  submissions.reserve(rows.size());
  for (StoredSubmission& row : rows) {
    submissions.push_back(Remember(std::move(row)));
  }
  return submissions;
}

int64_t SqliteTransaction::SeqOf(const SubmissionId& id) const {
  // From the back: what was loaded last is written next.
  const auto found = std::find_if(located_.rbegin(), located_.rend(),
                                  [&id](const auto& entry) { return entry.first == id; });
  GL_CHECK(found != located_.rend(), "a command writes only records that it has loaded");
  return found->second;
}

absl::Status SqliteTransaction::FinishGroup() {
  return Guard("write the counts", [&]() -> absl::Status {
    counts_.Write();
    return absl::OkStatus();
  });
}

absl::StatusOr<RequestIdMatch> SqliteTransaction::FindByRequestId(const Scope& scope,
                                                                  const std::string& request_id) {
  return Guard("look up a request_id", [&]() -> absl::StatusOr<RequestIdMatch> {
    GL_ASSIGN_OR_RETURN(StoredRequestIdMatch match, reader_.ByRequestId(scope, request_id));
    return RequestIdMatch{.submission = Remember(std::move(match.stored)),
                          .tombstone = match.tombstone,
                          .detached = match.detached};
  });
}

absl::StatusOr<std::optional<Submission>> SqliteTransaction::FindByHash(const Scope& scope,
                                                                        int32_t hash_version,
                                                                        const RequestHash& hash) {
  return Guard("look up a hash", [&]() -> absl::StatusOr<std::optional<Submission>> {
    GL_ASSIGN_OR_RETURN(std::optional<StoredSubmission> stored,
                        reader_.ByHash(scope, hash_version, hash));
    return Remember(std::move(stored));
  });
}

absl::StatusOr<std::optional<Submission>> SqliteTransaction::FindById(const SubmissionId& id) {
  if (const RecentRecords::Record* recent = recent_.Find(id); recent != nullptr) {
    return Remember(recent->stored);
  }
  return Guard("look up an id", [&]() -> absl::StatusOr<std::optional<Submission>> {
    GL_ASSIGN_OR_RETURN(std::optional<StoredSubmission> stored, reader_.ById(id));
    return Remember(std::move(stored));
  });
}

absl::StatusOr<std::optional<Submission>> SqliteTransaction::FindAbandoned(
    const Scope& scope, int32_t hash_version, const RequestHash& hash) {
  // Each of the hashes is that of a submission in this state; most tenants have none.
  if (counts_.OfTenant(scope, SubmissionState::kAbandoned) == 0) {
    return std::nullopt;
  }
  return Guard("look up an abandoned hash", [&]() -> absl::StatusOr<std::optional<Submission>> {
    GL_ASSIGN_OR_RETURN(std::optional<StoredSubmission> stored,
                        reader_.ByAbandonedHash(scope, hash_version, hash));
    return Remember(std::move(stored));
  });
}

absl::StatusOr<std::optional<Submission>> SqliteTransaction::FindByTaskId(
    const std::optional<std::string>& tenant, const TaskId& task_id) {
  return Guard("look up a task", [&]() -> absl::StatusOr<std::optional<Submission>> {
    // Tasks are keyed by tenant: without one, each is asked in turn.
    std::optional<std::string> next = tenant.has_value() ? tenant : reader_.NextTenant("");
    while (next.has_value()) {
      GL_ASSIGN_OR_RETURN(std::optional<StoredSubmission> stored, reader_.ByTaskId(*next, task_id));
      if (stored.has_value()) {
        return Remember(std::move(stored));
      }
      next = tenant.has_value() ? std::nullopt : reader_.NextTenant(*next);
    }
    return std::nullopt;
  });
}

absl::StatusOr<std::optional<Submission>> SqliteTransaction::FindTaskOwner(
    const std::string& upstream_account, const TaskId& task_id) {
  return Guard("look up a task's owner", [&]() -> absl::StatusOr<std::optional<Submission>> {
    for (std::optional<std::string> tenant = reader_.NextTenant(""); tenant.has_value();
         tenant = reader_.NextTenant(*tenant)) {
      GL_ASSIGN_OR_RETURN(std::optional<StoredSubmission> stored,
                          reader_.TaskOfAccount(*tenant, upstream_account, task_id));
      if (stored.has_value()) {
        return Remember(std::move(stored));
      }
    }
    return std::nullopt;
  });
}

absl::StatusOr<int64_t> SqliteTransaction::CountInAccount(const std::string& upstream_account,
                                                          SubmissionState state) {
  return counts_.OfAccount(upstream_account, state);
}

absl::StatusOr<int64_t> SqliteTransaction::CountInScope(const Scope& scope, SubmissionState state) {
  return counts_.OfTenant(scope, state);
}

absl::StatusOr<std::vector<Attempt>> SqliteTransaction::FindAttempts(const SubmissionId& id) {
  if (const RecentRecords::Record* recent = recent_.Find(id); recent != nullptr) {
    return recent->attempts;
  }
  return Guard("look up attempts", [&] { return reader_.Attempts(SeqOf(id), id); });
}

absl::StatusOr<std::vector<Submission>> SqliteTransaction::FindOutOfTime(absl::Time now,
                                                                         int32_t limit) {
  return Guard("find submissions out of time", [&] {
    StatementUse use(out_of_time_);
    use.Int(EncodeTime(now)).Int(limit);
    return RememberAll(use);
  });
}

int64_t SqliteTransaction::CountDue(SQLite::Statement& statement, const Scope& scope,
                                    absl::Time now, int32_t limit) {
  StatementUse use(statement);
  use.Int(names_.Intern(scope.upstream_account)).Text(scope.tenant).Int(EncodeTime(now)).Int(limit);
  return use.Step() ? RowReader(use.statement()).Int() : 0;
}

absl::StatusOr<std::vector<DueTenant>> SqliteTransaction::FindDueTenants(
    const std::string& upstream_account, absl::Time now, int32_t limit) {
  return Guard("find tenants with due work", [&]() -> absl::StatusOr<std::vector<DueTenant>> {
    std::vector<DueTenant> tenants;
    for (const DueTenants::Load& load :
         due_tenants_.FewestInFlight(upstream_account, EncodeTime(now), limit)) {
      const int64_t waiting = CountDue(count_due_, load.scope, now, limit) +
                              CountDue(count_unknown_due_, load.scope, now, limit);
      tenants.push_back({.tenant = load.scope.tenant,
                         .in_flight = load.in_flight,
                         .waiting = std::min<int64_t>(waiting, limit)});
    }
    return tenants;
  });
}

absl::StatusOr<std::vector<Submission>> SqliteTransaction::FindDue(const Scope& scope,
                                                                   absl::Time now, int32_t limit) {
  return Guard("find due submissions", [&]() -> absl::StatusOr<std::vector<Submission>> {
    std::vector<Submission> due;
    for (SQLite::Statement* statement : {&due_, &unknown_due_}) {
      StatementUse use(*statement);
      use.Int(names_.Intern(scope.upstream_account))
          .Text(scope.tenant)
          .Int(EncodeTime(now))
          .Int(limit);
      GL_ASSIGN_OR_RETURN(std::vector<Submission> found, RememberAll(use));
      std::move(found.begin(), found.end(), std::back_inserter(due));
    }
    std::stable_sort(due.begin(), due.end(), [](const Submission& a, const Submission& b) {
      return a.next_attempt_time < b.next_attempt_time;
    });
    due.resize(std::min(due.size(), static_cast<size_t>(std::max(limit, 0))));
    return due;
  });
}

absl::StatusOr<std::vector<Submission>> SqliteTransaction::FindUnknownDue(
    const std::string& upstream_account, AmbiguityPolicy policy, absl::Time now, int32_t limit) {
  return Guard("find due policies", [&] {
    StatementUse use(policy_due_);
    use.Int(names_.Intern(upstream_account))
        .Int(static_cast<int64_t>(policy))
        .Int(EncodeTime(now))
        .Int(limit);
    return RememberAll(use);
  });
}

absl::StatusOr<std::vector<Submission>> SqliteTransaction::FindLeases(absl::Time ended_by,
                                                                      int32_t limit) {
  return Guard("find leases", [&] {
    StatementUse use(leases_);
    use.Int(EncodeTime(ended_by)).Int(limit);
    return RememberAll(use);
  });
}

absl::StatusOr<absl::Time> SqliteTransaction::NextDueTime(const std::string& upstream_account) {
  return Guard("find the next due time", [&]() -> absl::StatusOr<absl::Time> {
    StatementUse deadline(next_deadline_);
    StatementUse lease(next_lease_end_);
    const int64_t earliest = due_tenants_.Earliest(upstream_account);
    absl::Time next =
        earliest == DueTenants::kNever ? absl::InfiniteFuture() : DecodeTime(earliest);
    for (StatementUse* use : {&deadline, &lease}) {
      if (use->Step() && !use->statement().isColumnNull(0)) {
        next = std::min(next, DecodeTime(RowReader(use->statement()).Int()));
      }
    }
    return next;
  });
}

int SqliteTransaction::RunOnHash(SQLite::Statement& statement, int64_t seq, const Submission& s) {
  return StatementUse(statement)
      .Text(s.scope.tenant)
      .Int(names_.Intern(s.scope.upstream_account))
      .Int(s.hash_version)
      .Blob(AsView(s.request_hash))
      .Int(seq)
      .Run();
}

absl::Status SqliteTransaction::MoveHash(int64_t seq, const Submission& before,
                                         const Submission& after) {
  if (before.holds_hash && !after.holds_hash) {
    GL_RETURN_IF_ERROR(ExpectOneRow(RunOnHash(delete_hash_hold_, seq, before),
                                    "the release of the hash", before.id));
  } else if (!before.holds_hash && after.holds_hash) {
    RunOnHash(insert_hash_hold_, seq, after);
  }
  const bool was_abandoned = before.state == SubmissionState::kAbandoned;
  const bool is_abandoned = after.state == SubmissionState::kAbandoned;
  if (after.dedupe_mode == DedupeMode::kContent && was_abandoned != is_abandoned) {
    // A later abandoned submission of the same content may have taken the place of this one.
    RunOnHash(is_abandoned ? put_abandoned_ : delete_abandoned_, seq, after);
  }
  return absl::OkStatus();
}

void SqliteTransaction::NoteWritten(std::optional<SubmissionState> before,
                                    const Submission& after) {
  due_tenants_.NoteWritten(after);
  if (before == after.state) {
    return;
  }
  if (before.has_value()) {
    counts_.Add(after.scope, *before, -1);
  }
  counts_.Add(after.scope, after.state, 1);
  if (after.state == SubmissionState::kDispatching) {
    due_tenants_.NoteClaimed(after.scope);
  }
}

void SqliteTransaction::NoteOutdated(const Submission& before) {
  if (before.state == SubmissionState::kSubmitted) {
    outdated_.push_back(before.id);
  }
}

void SqliteTransaction::WriteParts(int64_t seq, const Change& change) {
  for (const Attempt& attempt : change.attempts) {
    PutAttemptRow(put_attempt_, names_, change.submission, seq, attempt);
    for (const TaskId& task_id : attempt.task_ids) {
      StatementUse(insert_attempt_task_)
          .Text(change.submission.scope.tenant)
          .Text(task_id.value())
          .Int(seq)
          .Int(attempt.number)
          .Run();
    }
  }
  for (const SubmissionEvent& event : change.events) {
    InsertEventRow(insert_event_, names_, change.submission, seq, event);
  }
}

absl::Status SqliteTransaction::Insert(const Change& change) {
  return Guard("insert a submission", [&]() -> absl::Status {
    const Submission& submission = change.submission;
    NoteWritten(std::nullopt, submission);
    InsertSubmissionRow(insert_submission_, names_, submission);
    const int64_t seq = database_.getLastInsertRowid();
    located_.emplace_back(submission.id, seq);
    if (submission.holds_hash) {
      RunOnHash(insert_hash_hold_, seq, submission);
    }
    WriteParts(seq, change);
    if (submission.state == SubmissionState::kDispatching) {
      recent_.Put({.stored = {.seq = seq, .submission = submission}, .attempts = change.attempts});
    }
    return submission.request_id.empty()
               ? absl::OkStatus()
               : PointRequestId(submission.scope, submission.request_id, submission.id);
  });
}

absl::Status SqliteTransaction::Update(const Submission& before, const Change& change) {
  return Guard("update a submission", [&]() -> absl::Status {
    const Submission& after = change.submission;
    GL_CHECK(before.task_id.empty() || before.task_id == after.task_id,
             "a task_id once recorded stays: events refer to it");
    const int64_t seq = SeqOf(before.id);
    NoteOutdated(before);
    recent_.Forget(before.id);
    GL_RETURN_IF_ERROR(
        ExpectOneRow(UpdateSubmissionRow(update_submission_, names_, seq, before.revision, after),
                     "the update", before.id));
    NoteWritten(before.state, after);
    GL_RETURN_IF_ERROR(MoveHash(seq, before, after));
    WriteParts(seq, change);
    return absl::OkStatus();
  });
}

absl::Status SqliteTransaction::PointRequestId(const Scope& scope, const std::string& request_id,
                                               const SubmissionId& names) {
  return Guard("write a request_id", [&]() -> absl::Status {
    const int changed = StatementUse(point_request_id_)
                            .Text(scope.tenant)
                            .Int(names_.Intern(scope.upstream_account))
                            .Text(request_id)
                            .Int(SeqOf(names))
                            .Run();
    return ExpectOneRow(changed, "the request_id", names);
  });
}

absl::Status SqliteTransaction::DetachRequestId(const Scope& scope, const std::string& request_id) {
  return Guard("withdraw a request_id", [&]() -> absl::Status {
    const int changed = StatementUse(detach_request_id_)
                            .Text(scope.tenant)
                            .Int(names_.Intern(scope.upstream_account))
                            .Text(request_id)
                            .Run();
    return changed == 1 ? absl::OkStatus()
                        : absl::InternalError("the withdrawal of a request_id changed no row");
  });
}

absl::StatusOr<std::vector<Submission>> SqliteTransaction::FindBehind(const SubmissionId& after,
                                                                      int32_t limit) {
  return Guard("walk over submissions", [&] {
    const std::optional<UlidBytes> bytes = EncodeId(after);
    StatementUse use(behind_);
    use.Blob(bytes.has_value() ? AsView(*bytes) : std::string_view()).Int(limit);
    return RememberAll(use);
  });
}

absl::StatusOr<std::vector<SubmissionEvent>> SqliteTransaction::FindEvents(
    const Submission& submission) {
  return Guard("look up events", [&] {
    return reader_.Events({.seq = SeqOf(submission.id), .submission = submission},
                          /*after_revision=*/0, std::numeric_limits<int32_t>::max());
  });
}

void SqliteTransaction::Bury(int64_t seq, const Submission& submission,
                             const std::string& request_id) {
  const int64_t account = names_.Intern(submission.scope.upstream_account);
  const int buried = StatementUse(bury_request_id_)
                         .Text(submission.scope.tenant)
                         .Int(account)
                         .Text(request_id)
                         .Int(seq)
                         .Run();
  if (buried > 0) {
    StatementUse(insert_tombstone_)
        .Text(submission.scope.tenant)
        .Int(account)
        .Text(request_id)
        .Int(EncodeTime(submission.update_time))
        .Run();
  }
}

absl::Status SqliteTransaction::Remove(const Submission& submission,
                                       const std::vector<Attempt>& attempts,
                                       const std::vector<std::string>& request_ids) {
  return Guard("delete a submission", [&]() -> absl::Status {
    const int64_t seq = SeqOf(submission.id);
    NoteOutdated(submission);
    recent_.Forget(submission.id);
    for (const Attempt& attempt : attempts) {
      for (const TaskId& task_id : attempt.task_ids) {
        StatementUse(delete_attempt_task_)
            .Text(submission.scope.tenant)
            .Text(task_id.value())
            .Int(seq)
            .Int(attempt.number)
            .Run();
      }
    }
    StatementUse(delete_attempts_).Int(seq).Run();
    StatementUse(delete_events_).Int(seq).Run();
    for (const std::string& request_id : request_ids) {
      Bury(seq, submission, request_id);
    }
    // A later one of the same content may have taken the place of this one in either.
    RunOnHash(delete_hash_hold_, seq, submission);
    RunOnHash(delete_abandoned_, seq, submission);
    counts_.Add(submission.scope, submission.state, -1);
    return ExpectOneRow(StatementUse(delete_submission_).Int(seq).Int(submission.revision).Run(),
                        "the deletion", submission.id);
  });
}

absl::StatusOr<int64_t> SqliteTransaction::RemoveTombstones(absl::Time before, int32_t limit) {
  return Guard("delete tombstones", [&]() -> absl::StatusOr<int64_t> {
    struct Tombstone {
      std::string tenant;
      int64_t account;
      std::string request_id;
      int64_t time;
    };
    std::vector<Tombstone> found;
    {
      StatementUse use(tombstones_);
      use.Int(EncodeTime(before)).Int(limit);
      while (use.Step()) {
        RowReader row(use.statement());
        found.push_back({row.Text(), row.Int(), row.Text(), row.Int()});
      }
    }
    for (const Tombstone& tombstone : found) {
      StatementUse(delete_buried_request_id_)
          .Text(tombstone.tenant)
          .Int(tombstone.account)
          .Text(tombstone.request_id)
          .Run();
      StatementUse(delete_tombstone_)
          .Text(tombstone.tenant)
          .Int(tombstone.account)
          .Text(tombstone.request_id)
          .Int(tombstone.time)
          .Run();
    }
    return static_cast<int64_t>(found.size());
  });
}

absl::StatusOr<std::optional<std::string>> SqliteTransaction::GetMeta(const std::string& key) {
  return Guard("read the store's facts", [&]() -> absl::StatusOr<std::optional<std::string>> {
    StatementUse use(select_meta_);
    if (!use.Text(key).Step()) {
      return std::nullopt;
    }
    return RowReader(use.statement()).Text();
  });
}

absl::Status SqliteTransaction::PutMeta(const std::string& key, const std::string& value) {
  return Guard("write the store's facts", [&]() -> absl::Status {
    StatementUse(put_meta_).Text(key).Text(value).Run();
    return absl::OkStatus();
  });
}

}  // namespace genledger::sqlite
