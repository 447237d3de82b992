#include "storage/postgres/group_transaction.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "service/base/check.h"
#include "service/base/status_macros.h"
#include "storage/column_codec.h"
#include "storage/postgres/columns.h"
#include "storage/postgres/parameters.h"
#include "storage/postgres/rows.h"
#include "storage/postgres/sql.h"
#include "storage/postgres/sql_error.h"

namespace genledger::postgres {
namespace {

// SQLSTATE serialization_failure: what a stale look-up is treated as.
constexpr std::string_view kSerializationFailure = "40001";

NameKey KeyOf(const Scope& scope, const std::string& request_id) {
  return {scope.tenant, scope.upstream_account, request_id};
}

HashKey KeyOf(const Scope& scope, int32_t hash_version, const RequestHash& hash) {
  return {scope.tenant, scope.upstream_account, hash_version, hash};
}

HashKey HashKeyOf(const Submission& s) { return KeyOf(s.scope, s.hash_version, s.request_hash); }

Values KeyArrays(const std::set<NameKey>& keys) {
  Array tenants;
  Array accounts;
  Array request_ids;
  for (const auto& [tenant, account, request_id] : keys) {
    tenants.AddText(tenant);
    accounts.AddText(account);
    request_ids.AddBytes(request_id);
  }
  return {tenants.Text(), accounts.Text(), request_ids.Text()};
}

Values KeyArrays(const std::set<HashKey>& keys) {
  Array tenants;
  Array accounts;
  Array versions;
  Array hashes;
  for (const auto& [tenant, account, version, hash] : keys) {
    tenants.AddText(tenant);
    accounts.AddText(account);
    versions.AddInt(version);
    hashes.AddHash(hash);
  }
  return {tenants.Text(), accounts.Text(), versions.Text(), hashes.Text()};
}

RequestHash HashFrom(const std::string& bytes) {
  RequestHash hash;
  std::copy_n(bytes.begin(), std::min(bytes.size(), hash.bytes.size()), hash.bytes.begin());
  return hash;
}

HashKey ReadHashKey(RowCursor& row) {
  std::string tenant = row.Text();
  std::string account = row.Text();
  const int64_t version = row.Int();
  return {std::move(tenant), std::move(account), version, HashFrom(row.Bytes())};
}

// Only a hand can have deleted it: every write of ours takes both or none.
absl::Status Orphaned(const Scope& scope, const RequestHash& hash, const SubmissionId& id) {
  return absl::InternalError(absl::StrCat(
      "tenant ", scope.tenant, ": the request hash ",
      absl::BytesToHexString(
          absl::string_view(reinterpret_cast<const char*>(hash.bytes.data()), hash.bytes.size())),
      " is held by submission ", id.value(),
      ", which is gone; its content is refused until the submission, or its row of hash_holds, is "
      "seen to"));
}

std::string Int(int64_t value) { return absl::StrCat(value); }

}  // namespace

void LastClaims::Note(const Scope& scope) {
  absl::MutexLock lock(&mu_);
  last_[{scope.tenant, scope.upstream_account}] = ++claims_;
}

int64_t LastClaims::Of(const Scope& scope) const {
  absl::MutexLock lock(&mu_);
  const auto found = last_.find({scope.tenant, scope.upstream_account});
  return found == last_.end() ? 0 : found->second;
}

absl::Status GroupTransaction::Fail(absl::Status status) {
  if (failure_.ok()) {
    failure_ = status;
  }
  return status;
}

absl::StatusOr<std::vector<Rows>> GroupTransaction::Run(const std::vector<Statement>& statements) {
  if (!failure_.ok()) {
    return failure_;
  }
  absl::StatusOr<std::vector<Rows>> rows = options_.connection->Run(statements, options_.timeout);
  if (!rows.ok()) {
    return Fail(rows.status());
  }
  return rows;
}

std::vector<Statement> GroupTransaction::OpeningStatements() const {
  if (begun_) {
    return {};
  }
  return {{kBegin, {}}, {kSynchronousCommit, {}}, {kWarnings, {}}};
}

void GroupTransaction::NoteFlushed() {
  if (!flushed_witness_.has_value()) {
    flushed_witness_ = state_.witness();
  }
  for (SubmissionId& id : state_.Changed()) {
    changed_.push_back(std::move(id));
  }
  state_.NoteWritten();
  account_counts_.clear();
  due_work_.reset();
}

absl::StatusOr<std::vector<Rows>> GroupTransaction::AskAll(std::vector<Statement> questions) {
  GL_CHECK(begun_, "a command that asks for more than keys is alone in its group");
  if (!state_.dirty()) {
    return Run(questions);
  }
  std::vector<Statement> statements = state_.Writes(options_.slot);
  const auto writes = static_cast<ptrdiff_t>(statements.size());
  std::move(questions.begin(), questions.end(), std::back_inserter(statements));
  GL_ASSIGN_OR_RETURN(std::vector<Rows> rows, Run(statements));
  NoteFlushed();
  rows.erase(rows.begin(), rows.begin() + writes);
  return rows;
}

absl::StatusOr<Rows> GroupTransaction::Ask(const char* sql, Values parameters) {
  GL_ASSIGN_OR_RETURN(std::vector<Rows> rows, AskAll({{sql, std::move(parameters)}}));
  return std::move(rows.front());
}

absl::StatusOr<std::vector<Submission>> GroupTransaction::AskForSubmissions(const std::string& sql,
                                                                            Values parameters) {
  GL_ASSIGN_OR_RETURN(const Rows rows, Ask(sql.c_str(), std::move(parameters)));
  std::vector<Submission> submissions;
  for (int i = 0; i < rows.size(); ++i) {
    RowCursor row(&rows, i);
    GL_ASSIGN_OR_RETURN(Submission submission, ReadSubmission(row));
    submissions.push_back(Learn(std::move(submission)));
  }
  return submissions;
}

absl::StatusOr<std::optional<Submission>> GroupTransaction::AskForOne(const std::string& sql,
                                                                      Values parameters) {
  GL_ASSIGN_OR_RETURN(std::vector<Submission> found, AskForSubmissions(sql, std::move(parameters)));
  if (found.empty()) {
    return std::nullopt;
  }
  return std::move(found.front());
}

std::vector<Statement> GroupTransaction::StatementsOf(const LookUps& look_ups) {
  std::vector<Statement> statements;
  if (!look_ups.request_ids.empty()) {
    statements.push_back({Statements().by_request_ids.c_str(), KeyArrays(look_ups.request_ids)});
  }
  if (!look_ups.hashes.empty()) {
    statements.push_back({Statements().by_hashes.c_str(), KeyArrays(look_ups.hashes)});
  }
  if (!look_ups.abandoned.empty()) {
    statements.push_back({kAbandonedHashes, KeyArrays(look_ups.abandoned)});
  }
  if (!look_ups.ids.empty()) {
    statements.push_back({Statements().by_ids.c_str(), {IdArray(look_ups.ids)}});
    statements.push_back({Statements().attempts_of_ids.c_str(), {IdArray(look_ups.ids)}});
  }
  if (look_ups.due_of_account.has_value()) {
    statements.push_back({kTenantsWithWork, {*look_ups.due_of_account}});
    statements.push_back({kEarliestDeadline, {}});
    statements.push_back({kEarliestLeaseEnd, {}});
  }
  return statements;
}

absl::Status GroupTransaction::Learn(const LookUps& look_ups, const std::vector<Rows>& rows,
                                     size_t next) {
  if (!look_ups.request_ids.empty()) {
    GL_RETURN_IF_ERROR(LearnNames(rows[next++]));
  }
  if (!look_ups.hashes.empty()) {
    GL_RETURN_IF_ERROR(LearnHolds(rows[next++]));
  }
  if (!look_ups.abandoned.empty()) {
    LearnAbandoned(rows[next++]);
  }
  if (!look_ups.ids.empty()) {
    GL_RETURN_IF_ERROR(LearnSubmissions(rows[next++]));
    GL_RETURN_IF_ERROR(LearnAttempts(look_ups.ids, rows[next++]));
  }
  if (look_ups.due_of_account.has_value()) {
    LearnDueWork(*look_ups.due_of_account, rows, next);
  }
  // What was not found is absent.
  for (const NameKey& key : look_ups.request_ids) {
    state_.names.Learn(key, {});
  }
  for (const HashKey& key : look_ups.hashes) {
    state_.holds.Learn(key, {});
  }
  for (const HashKey& key : look_ups.abandoned) {
    state_.abandoned.Learn(key, {});
  }
  return absl::OkStatus();
}

absl::Status GroupTransaction::LookUp(const LookUps& look_ups) {
  GL_ASSIGN_OR_RETURN(const std::vector<Rows> rows, Run(StatementsOf(look_ups)));
  return Learn(look_ups, rows, 0);
}

absl::StatusOr<absl::Time> GroupTransaction::Prefetch(const LookUps& look_ups, bool alone) {
  std::vector<Statement> statements = {{kDatabaseTime, {}}};
  if (alone) {
    const std::vector<Statement> opening = OpeningStatements();
    statements.insert(statements.end(), opening.begin(), opening.end());
  }
  const size_t first = statements.size();
  for (Statement& statement : StatementsOf(look_ups)) {
    statements.push_back(std::move(statement));
  }
  GL_ASSIGN_OR_RETURN(const std::vector<Rows> rows, Run(statements));
  begun_ = alone;
  GL_RETURN_IF_ERROR(Learn(look_ups, rows, first));
  return absl::FromUnixMicros(rows.front().Int(0, 0));
}

const Submission& GroupTransaction::Learn(Submission submission) {
  const CachedRecord* const known = state_.records.Find(submission.id);
  const SubmissionId id = submission.id;
  CachedRecord record{.current = std::move(submission)};
  record.stored_revision = record.current.revision;
  if (record.current.attempt_count == 0) {
    record.attempts.emplace();
  }
  if (known == nullptr) {
    state_.records.Learn(id, std::move(record));
  } else if (!known->changed && known->stored_revision < record.stored_revision) {
    state_.records.Change(id) = std::move(record);
  }
  return state_.records.Find(id)->current;
}

absl::Status GroupTransaction::LearnSubmissions(const Rows& rows) {
  for (int i = 0; i < rows.size(); ++i) {
    RowCursor row(&rows, i);
    GL_ASSIGN_OR_RETURN(Submission submission, ReadSubmission(row));
    Learn(std::move(submission));
  }
  return absl::OkStatus();
}

absl::Status GroupTransaction::LearnNames(const Rows& rows) {
  for (int i = 0; i < rows.size(); ++i) {
    RowCursor row(&rows, i);
    std::string tenant = row.Text();
    std::string account = row.Text();
    const NameKey key(std::move(tenant), std::move(account), row.Bytes());
    CachedName::Target target{.id = ReadId(row)};
    target.detached = row.Bool();
    if (row.IsNull()) {
      target.id = SubmissionId();
    } else {
      GL_ASSIGN_OR_RETURN(Submission submission, ReadSubmission(row));
      Learn(std::move(submission));
    }
    state_.names.Learn(key, {.stored = target, .current = target});
  }
  return absl::OkStatus();
}

absl::Status GroupTransaction::LearnHolds(const Rows& rows) {
  for (int i = 0; i < rows.size(); ++i) {
    RowCursor row(&rows, i);
    const HashKey key = ReadHashKey(row);
    const SubmissionId id = ReadId(row);
    if (row.IsNull()) {
      orphaned_holds_.emplace(key, id);
      continue;
    }
    GL_ASSIGN_OR_RETURN(Submission submission, ReadSubmission(row));
    Learn(std::move(submission));
    state_.holds.Learn(key, {.stored = id, .current = id});
  }
  return absl::OkStatus();
}

void GroupTransaction::LearnAbandoned(const Rows& rows) {
  for (int i = 0; i < rows.size(); ++i) {
    RowCursor row(&rows, i);
    const HashKey key = ReadHashKey(row);
    const SubmissionId id = ReadId(row);
    state_.abandoned.Learn(key, {.stored = id, .current = id});
  }
}

absl::Status GroupTransaction::LearnAttempts(const std::set<SubmissionId>& ids, const Rows& rows) {
  std::map<SubmissionId, std::map<int32_t, Attempt>> found;
  for (int i = 0; i < rows.size(); ++i) {
    RowCursor row(&rows, i);
    const SubmissionId id = ReadId(row);
    GL_ASSIGN_OR_RETURN(Attempt attempt, ReadAttempt(row));
    const int32_t number = attempt.number;
    found[id].emplace(number, std::move(attempt));
  }
  for (const SubmissionId& id : ids) {
    const CachedRecord* const record = state_.records.Find(id);
    if (record != nullptr && !record->attempts.has_value()) {
      state_.records.Change(id).attempts = std::move(found[id]);
    }
  }
  return absl::OkStatus();
}

absl::Status GroupTransaction::LearnEvents(const std::set<SubmissionId>& ids, const Rows& rows) {
  std::map<SubmissionId, std::vector<SubmissionEvent>> found;
  for (int i = 0; i < rows.size(); ++i) {
    RowCursor row(&rows, i);
    const SubmissionId id = ReadId(row);
    GL_ASSIGN_OR_RETURN(SubmissionEvent event, ReadEvent(row));
    found[id].push_back(std::move(event));
  }
  for (const SubmissionId& id : ids) {
    state_.records.Change(id).events = std::move(found[id]);
  }
  return absl::OkStatus();
}

std::optional<Submission> GroupTransaction::Current(const SubmissionId& id) const {
  const CachedRecord* const record = state_.records.Find(id);
  return record == nullptr ? std::nullopt : std::make_optional(record->current);
}

std::optional<Witness> GroupTransaction::witness() {
  return flushed_witness_.has_value() ? flushed_witness_ : state_.witness();
}

absl::Status GroupTransaction::Commit() {
  for (SubmissionId& id : state_.Changed()) {
    changed_.push_back(std::move(id));
  }
  std::vector<Statement> statements = OpeningStatements();
  for (Statement& statement : state_.Writes(options_.slot)) {
    statements.push_back(std::move(statement));
  }
  statements.push_back({kCommit, {}});
  return Run(statements).status();
}

absl::Status GroupTransaction::RollBack() {
  GL_RETURN_IF_ERROR(Run({{kRollback, {}}}).status());
  state_ = GroupState();
  due_work_.reset();
  begun_ = false;
  return absl::OkStatus();
}

absl::StatusOr<RequestIdMatch> GroupTransaction::FindByRequestId(const Scope& scope,
                                                                 const std::string& request_id) {
  const NameKey key = KeyOf(scope, request_id);
  if (state_.names.Find(key) == nullptr) {
    GL_RETURN_IF_ERROR(LookUp({.request_ids = {key}}));
  }
  const std::optional<CachedName::Target>& target = state_.names.Find(key)->current;
  RequestIdMatch match;
  if (target.has_value()) {
    match.submission = Current(target->id);
    match.tombstone = !match.submission.has_value();
    match.detached = target->detached;
  }
  return match;
}

absl::StatusOr<std::optional<Submission>> GroupTransaction::FindHash(
    JournaledMap<HashKey, CachedHash>& hashes, const HashKey& key, const LookUps& look_ups) {
  if (hashes.Find(key) == nullptr) {
    GL_RETURN_IF_ERROR(LookUp(look_ups));
  }
  const std::optional<SubmissionId>& id = hashes.Find(key)->current;
  if (!id.has_value()) {
    return std::nullopt;
  }
  return FindById(*id);
}

absl::StatusOr<std::optional<Submission>> GroupTransaction::FindByHash(const Scope& scope,
                                                                       int32_t hash_version,
                                                                       const RequestHash& hash) {
  const HashKey key = KeyOf(scope, hash_version, hash);
  GL_ASSIGN_OR_RETURN(std::optional<Submission> holder,
                      FindHash(state_.holds, key, {.hashes = {key}}));
  if (const auto orphan = orphaned_holds_.find(key); orphan != orphaned_holds_.end()) {
    return Orphaned(scope, hash, orphan->second);
  }
  if (holder.has_value() && !holder->holds_hash) {
    // The look-ups of a group are not one snapshot: it has let go in between.
    return Fail(SqlError(kSerializationFailure, "a hash changed hands between two look-ups"));
  }
  return holder;
}

absl::StatusOr<std::optional<Submission>> GroupTransaction::FindAbandoned(const Scope& scope,
                                                                          int32_t hash_version,
                                                                          const RequestHash& hash) {
  const HashKey key = KeyOf(scope, hash_version, hash);
  GL_ASSIGN_OR_RETURN(std::optional<Submission> found,
                      FindHash(state_.abandoned, key, {.abandoned = {key}}));
  if (found.has_value() && found->state != SubmissionState::kAbandoned) {
    return Fail(SqlError(kSerializationFailure, "a submission came back between two look-ups"));
  }
  return found;
}

absl::StatusOr<std::optional<Submission>> GroupTransaction::FindById(const SubmissionId& id) {
  if (state_.records.Find(id) == nullptr) {
    GL_RETURN_IF_ERROR(LookUp({.ids = {id}}));
  }
  return Current(id);
}

absl::StatusOr<std::optional<Submission>> GroupTransaction::FindByTaskId(
    const std::optional<std::string>& tenant, const TaskId& task_id) {
  return AskForOne(Statements().by_task, {Bytes(task_id.value()), tenant});
}

absl::StatusOr<std::optional<Submission>> GroupTransaction::FindTaskOwner(
    const std::string& upstream_account, const TaskId& task_id) {
  return AskForOne(Statements().task_of_account, {Bytes(task_id.value()), upstream_account});
}

int64_t GroupTransaction::PendingCount(const std::string& account, const std::string* tenant,
                                       SubmissionState state) {
  int64_t sum = 0;
  for (const auto& [key, delta] : state_.counts) {
    const auto& [key_tenant, key_account, key_state] = key;
    if (key_account == account && key_state == static_cast<int64_t>(state) &&
        (tenant == nullptr || key_tenant == *tenant)) {
      sum += delta;
    }
  }
  return sum;
}

absl::StatusOr<int64_t> GroupTransaction::CountInAccount(const std::string& upstream_account,
                                                         SubmissionState state) {
  const auto key = std::make_pair(upstream_account, static_cast<int64_t>(state));
  auto found = account_counts_.find(key);
  if (found == account_counts_.end()) {
    // Without a flush: what is not written yet is added below.
    GL_ASSIGN_OR_RETURN(const std::vector<Rows> rows,
                        Run({{kCountInAccount, {upstream_account, Int(key.second)}}}));
    found = account_counts_.emplace(key, rows.front().Int(0, 0)).first;
  }
  return found->second + PendingCount(upstream_account, nullptr, state);
}

absl::StatusOr<int64_t> GroupTransaction::CountInScope(const Scope& scope, SubmissionState state) {
  GL_ASSIGN_OR_RETURN(
      const std::vector<Rows> rows,
      Run({{kCountInScope,
            {scope.upstream_account, Int(static_cast<int64_t>(state)), scope.tenant}}}));
  return rows.front().Int(0, 0) + PendingCount(scope.upstream_account, &scope.tenant, state);
}

absl::StatusOr<std::vector<Attempt>> GroupTransaction::FindAttempts(const SubmissionId& id) {
  const CachedRecord* record = state_.records.Find(id);
  if (record == nullptr || !record->attempts.has_value()) {
    GL_RETURN_IF_ERROR(LookUp({.ids = {id}}));
    record = state_.records.Find(id);
  }
  std::vector<Attempt> attempts;
  if (record != nullptr) {
    for (const auto& [number, attempt] : *record->attempts) {
      attempts.push_back(attempt);
    }
  }
  return attempts;
}

absl::StatusOr<std::vector<Submission>> GroupTransaction::FindBehind(const SubmissionId& after,
                                                                     int32_t limit) {
  return AskForSubmissions(Statements().behind, {IdBytes(after), Int(limit)});
}

absl::StatusOr<std::vector<SubmissionEvent>> GroupTransaction::FindEvents(
    const Submission& submission) {
  const CachedRecord* const known = state_.records.Find(submission.id);
  if (known != nullptr && known->events.has_value()) {
    return *known->events;
  }
  GL_ASSIGN_OR_RETURN(const Rows rows, Ask(Statements().events.c_str(),
                                           {submission.scope.tenant, IdBytes(submission.id), Int(0),
                                            Int(std::numeric_limits<int32_t>::max())}));
  std::vector<SubmissionEvent> events;
  for (int i = 0; i < rows.size(); ++i) {
    RowCursor row(&rows, i);
    GL_ASSIGN_OR_RETURN(SubmissionEvent event, ReadEvent(row));
    events.push_back(std::move(event));
  }
  return events;
}

void GroupTransaction::Count(const Scope& scope, SubmissionState state, int64_t delta) {
  state_.counts.Change({scope.tenant, scope.upstream_account, static_cast<int64_t>(state)}) +=
      delta;
}

void GroupTransaction::WriteParts(CachedRecord& record, const Change& change) {
  record.current = change.submission;
  record.changed = true;
  record.events.reset();
  for (const Attempt& attempt : change.attempts) {
    if (!record.attempts.has_value()) {
      record.attempts.emplace();
    }
    record.attempts->insert_or_assign(attempt.number, attempt);
    record.changed_attempts.insert(attempt.number);
  }
  record.new_events.insert(record.new_events.end(), change.events.begin(), change.events.end());
}

void GroupTransaction::MoveHashes(const Submission& before, const Submission& after) {
  const HashKey key = HashKeyOf(after);
  if (before.holds_hash && !after.holds_hash) {
    CachedHash& hold = state_.holds.Change(key);
    hold.stored = hold.stored.has_value() ? hold.stored : before.id;
    hold.current.reset();
  } else if (!before.holds_hash && after.holds_hash) {
    state_.holds.Change(key).current = after.id;
  }
  const bool was_abandoned = before.state == SubmissionState::kAbandoned;
  const bool is_abandoned = after.state == SubmissionState::kAbandoned;
  if (after.dedupe_mode != DedupeMode::kContent || was_abandoned == is_abandoned) {
    return;
  }
  CachedHash& abandoned = state_.abandoned.Change(key);
  if (is_abandoned) {
    abandoned.current = after.id;
  } else if (!abandoned.current.has_value() || *abandoned.current == after.id) {
    // Deleted only if it is this one: a later one of the same content may have taken its place.
    abandoned.stored = after.id;
    abandoned.current.reset();
  }
}

absl::Status GroupTransaction::Insert(const Change& change) {
  const Submission& submission = change.submission;
  CachedRecord& record = state_.records.Change(submission.id);
  if (record.stored_revision != 0 || record.changed) {
    return Fail(absl::InternalError("a new submission has the id of another one"));
  }
  record.attempts.emplace();
  WriteParts(record, change);
  Count(submission.scope, submission.state, 1);
  if (submission.state == SubmissionState::kDispatching) {
    options_.last_claims->Note(submission.scope);
  }
  if (submission.holds_hash) {
    state_.holds.Change(HashKeyOf(submission)).current = submission.id;
  }
  return submission.request_id.empty()
             ? absl::OkStatus()
             : PointRequestId(submission.scope, submission.request_id, submission.id);
}

absl::Status GroupTransaction::Update(const Submission& before, const Change& change) {
  const CachedRecord* const known = state_.records.Find(before.id);
  GL_CHECK(known != nullptr && known->current.revision == before.revision,
           "a command changes what it has looked up");
  const Submission& after = change.submission;
  if (before.state != after.state) {
    Count(before.scope, before.state, -1);
    Count(after.scope, after.state, 1);
    if (after.state == SubmissionState::kDispatching) {
      options_.last_claims->Note(after.scope);
    }
  }
  MoveHashes(before, after);
  CachedRecord& record = state_.records.Change(before.id);
  if (!change.attempts.empty() && !record.attempts.has_value()) {
    // Only those that change are known from here on; asked for all, they are looked up.
    GL_RETURN_IF_ERROR(FindAttempts(before.id).status());
  }
  WriteParts(record, change);
  return absl::OkStatus();
}

absl::Status GroupTransaction::PointRequestId(const Scope& scope, const std::string& request_id,
                                              const SubmissionId& names) {
  const NameKey key = KeyOf(scope, request_id);
  if (state_.names.Find(key) == nullptr) {
    GL_RETURN_IF_ERROR(LookUp({.request_ids = {key}}));
  }
  state_.names.Change(key).current = CachedName::Target{.id = names};
  return absl::OkStatus();
}

absl::Status GroupTransaction::DetachRequestId(const Scope& scope, const std::string& request_id) {
  const NameKey key = KeyOf(scope, request_id);
  const CachedName* const name = state_.names.Find(key);
  GL_CHECK(name != nullptr && name->current.has_value(),
           "a command withdraws a request_id that it has looked up");
  state_.names.Change(key).current->detached = true;
  return absl::OkStatus();
}

absl::Status GroupTransaction::Remove(const Submission& submission,
                                      const std::vector<Attempt>& attempts,
                                      const std::vector<std::string>& request_ids) {
  GL_CHECK(begun_, "a command that deletes is alone in its group");
  Removal removal{.submission = submission, .request_ids = request_ids};
  for (const Attempt& attempt : attempts) {
    removal.task_ids.insert(removal.task_ids.end(), attempt.task_ids.begin(),
                            attempt.task_ids.end());
  }
  state_.removals.push_back(std::move(removal));
  Count(submission.scope, submission.state, -1);
  return absl::OkStatus();
}

absl::StatusOr<int64_t> GroupTransaction::RemoveTombstones(absl::Time before, int32_t limit) {
  GL_ASSIGN_OR_RETURN(const Rows rows,
                      Ask(kDeleteTombstones, {Int(EncodeTime(before)), Int(limit)}));
  return rows.Int(0, 0);
}

absl::StatusOr<std::optional<std::string>> GroupTransaction::GetMeta(const std::string& key) {
  GL_ASSIGN_OR_RETURN(const Rows rows, Ask(kSelectMeta, {key}));
  return rows.size() == 0 ? std::nullopt : std::make_optional(std::string(rows.Text(0, 0)));
}

absl::Status GroupTransaction::LockMeta() { return Ask(kLockMeta, {}).status(); }

absl::Status GroupTransaction::PutProbe() {
  // A row of this slot's own: replicas do not wait for one another's.
  return PutMeta(absl::StrCat("probe_", options_.slot), "written");
}

absl::Status GroupTransaction::PutMeta(const std::string& key, const std::string& value) {
  return Ask(kPutMeta, {key, value}).status();
}

}  // namespace genledger::postgres
