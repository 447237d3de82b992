#include "storage/postgres/group_state.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/postgres/columns.h"
#include "storage/postgres/parameters.h"
#include "storage/postgres/rows.h"
#include "storage/postgres/sql.h"

namespace genledger::postgres {
namespace {

constexpr size_t kHashColumns = 5;  // the key and the id
constexpr size_t kNameColumns = 5;  // the key, the id, detached
constexpr size_t kCountColumns = 5;

void AddHash(const HashKey& key, const SubmissionId& id, RowBatch& batch) {
  const auto& [tenant, account, version, hash] = key;
  batch.Next().AddText(tenant);
  batch.Next().AddText(account);
  batch.Next().AddInt(version);
  batch.Next().AddHash(hash);
  batch.Next().AddId(id);
  batch.EndRow();
}

void AddName(const NameKey& key, const CachedName::Target& target, RowBatch& batch) {
  const auto& [tenant, account, request_id] = key;
  batch.Next().AddText(tenant);
  batch.Next().AddText(account);
  batch.Next().AddBytes(request_id);
  batch.Next().AddId(target.id);
  batch.Next().AddInt(target.detached ? 1 : 0);
}

void Append(const char* sql, const RowBatch& batch, std::vector<Statement>& statements) {
  if (batch.rows() > 0) {
    statements.push_back({sql, batch.Parameters()});
  }
}

// The statement fails unless it changed as many rows as it was given.
void AppendCounted(const char* sql, const RowBatch& batch, std::vector<Statement>& statements) {
  if (batch.rows() > 0) {
    Values parameters = batch.Parameters();
    parameters.push_back(absl::StrCat(batch.rows()));
    statements.push_back({sql, std::move(parameters)});
  }
}

void AppendHashes(const char* delete_sql, const char* insert_sql,
                  JournaledMap<HashKey, CachedHash>& hashes, std::vector<Statement>& statements) {
  RowBatch deletes(kHashColumns);
  RowBatch inserts(kHashColumns);
  for (const auto& [key, hash] : hashes) {
    if (hash.stored == hash.current) {
      continue;
    }
    if (hash.stored.has_value()) {
      AddHash(key, *hash.stored, deletes);
    }
    if (hash.current.has_value()) {
      AddHash(key, *hash.current, inserts);
    }
  }
  Append(delete_sql, deletes, statements);
  Append(insert_sql, inserts, statements);
}

}  // namespace

void GroupState::StartCommand() {
  records.Mark();
  names.Mark();
  holds.Mark();
  abandoned.Mark();
  counts.Mark();
}

void GroupState::RollBackCommand() {
  records.RollBack();
  names.RollBack();
  holds.RollBack();
  abandoned.RollBack();
  counts.RollBack();
}

bool GroupState::dirty() {
  if (!removals.empty()) {
    return true;
  }
  for (const auto& [id, record] : records) {
    if (record.changed) {
      return true;
    }
  }
  for (const auto& [key, name] : names) {
    if (!(name.stored == name.current)) {
      return true;
    }
  }
  return false;
}

std::optional<Witness> GroupState::witness() {
  for (const auto& [id, record] : records) {
    if (!record.new_events.empty()) {
      return Witness{
          .tenant = record.current.scope.tenant, .id = id, .event = record.new_events.front()};
    }
  }
  return std::nullopt;
}

std::vector<SubmissionId> GroupState::Changed() {
  std::vector<SubmissionId> changed;
  for (const auto& [id, record] : records) {
    if (record.changed) {
      changed.push_back(id);
    }
  }
  return changed;
}

std::vector<Statement> GroupState::Writes(int64_t slot) {
  RowBatch updates(3 + std::size(kSubmissionColumns) - kSubmissionFixedColumns);
  RowBatch inserts(std::size(kSubmissionColumns));
  RowBatch attempts(std::size(kAttemptColumns));
  RowBatch tasks(4);
  RowBatch events(std::size(kEventColumns));
  for (const auto& [id, record] : records) {
    if (!record.changed) {
      continue;
    }
    const Submission& current = record.current;
    if (record.stored_revision == 0) {
      AddSubmission(current, inserts);
    } else {
      AddSubmissionUpdate(record.stored_revision, current, updates);
    }
    for (const int32_t number : record.changed_attempts) {
      const Attempt& attempt = record.attempts->at(number);
      AddAttempt(current, attempt, attempts);
      for (const TaskId& task_id : attempt.task_ids) {
        tasks.Next().AddText(current.scope.tenant);
        tasks.Next().AddBytes(task_id.value());
        tasks.Next().AddId(id);
        tasks.Next().AddInt(number);
        tasks.EndRow();
      }
    }
    for (const SubmissionEvent& event : record.new_events) {
      AddEvent(current, event, events);
    }
  }
  RowBatch new_names(kNameColumns);
  RowBatch moved_names(kNameColumns + 1);
  for (const auto& [key, name] : names) {
    if (name.stored == name.current || !name.current.has_value()) {
      continue;
    }
    if (name.stored.has_value()) {
      AddName(key, *name.current, moved_names);
      moved_names.Next().AddId(name.stored->id);
      moved_names.EndRow();
    } else {
      AddName(key, *name.current, new_names);
      new_names.EndRow();
    }
  }
  RowBatch added(kCountColumns);
  for (const auto& [key, delta] : counts) {
    if (delta == 0) {
      continue;
    }
    const auto& [tenant, account, state] = key;
    added.Next().AddText(tenant);
    added.Next().AddText(account);
    added.Next().AddInt(state);
    added.Next().AddInt(slot);
    added.Next().AddInt(delta);
    added.EndRow();
  }
  std::vector<Statement> statements;
  AppendCounted(UpdateSubmissionsSql().c_str(), updates, statements);
  Append(InsertSubmissionsSql().c_str(), inserts, statements);
  AppendHashes(kDeleteHashHolds, kInsertHashHolds, holds, statements);
  AppendHashes(kDeleteAbandoned, kPutAbandoned, abandoned, statements);
  Append(kInsertRequestIds, new_names, statements);
  AppendCounted(kUpdateRequestIds, moved_names, statements);
  Append(PutAttemptsSql().c_str(), attempts, statements);
  Append(kInsertAttemptTasks, tasks, statements);
  Append(InsertEventsSql().c_str(), events, statements);
  for (Statement& statement : RemovalStatements(removals)) {
    statements.push_back(std::move(statement));
  }
  Append(kAddToCounts, added, statements);
  return statements;
}

void GroupState::NoteWritten() {
  for (auto& [id, record] : records) {
    if (record.changed) {
      record.stored_revision = record.current.revision;
      record.changed_attempts.clear();
      record.new_events.clear();
      record.changed = false;
    }
  }
  for (auto& [key, name] : names) {
    name.stored = name.current;
  }
  for (auto* const hashes : {&holds, &abandoned}) {
    for (auto& [key, hash] : *hashes) {
      hash.stored = hash.current;
    }
  }
  for (auto& [key, delta] : counts) {
    delta = 0;
  }
  removals.clear();
}

}  // namespace genledger::postgres
