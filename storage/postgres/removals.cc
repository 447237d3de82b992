#include "storage/postgres/removals.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/column_codec.h"
#include "storage/postgres/columns.h"
#include "storage/postgres/sql.h"

namespace genledger::postgres {
namespace {

void AddKey(const Submission& submission, RowBatch& batch) {
  batch.Next().AddText(submission.scope.tenant);
  batch.Next().AddId(submission.id);
}

void AddHash(const Submission& submission, RowBatch& batch) {
  batch.Next().AddText(submission.scope.tenant);
  batch.Next().AddText(submission.scope.upstream_account);
  batch.Next().AddInt(submission.hash_version);
  batch.Next().AddHash(submission.request_hash);
  batch.Next().AddId(submission.id);
  batch.EndRow();
}

}  // namespace

std::vector<Statement> RemovalStatements(std::span<const Removal> removals) {
  if (removals.empty()) {
    return {};
  }
  RowBatch revisions(3);
  RowBatch keys(2);
  RowBatch hashes(5);
  RowBatch tasks(3);
  RowBatch request_ids(5);
  for (const Removal& removal : removals) {
    const Submission& submission = removal.submission;
    AddKey(submission, revisions);
    revisions.Next().AddInt(submission.revision);
    revisions.EndRow();
    AddKey(submission, keys);
    keys.EndRow();
    AddHash(submission, hashes);
    for (const TaskId& task_id : removal.task_ids) {
      AddKey(submission, tasks);
      tasks.Next().AddBytes(task_id.value());
      tasks.EndRow();
    }
    for (const std::string& request_id : removal.request_ids) {
      AddKey(submission, request_ids);
      request_ids.Next().AddText(submission.scope.upstream_account);
      request_ids.Next().AddBytes(request_id);
      request_ids.Next().AddInt(EncodeTime(submission.update_time));
      request_ids.EndRow();
    }
  }
  Values submissions = revisions.Parameters();
  submissions.push_back(absl::StrCat(revisions.rows()));
  std::vector<Statement> statements;
  statements.push_back({kDeleteSubmissions, std::move(submissions)});
  statements.push_back({kDeleteHashHolds, hashes.Parameters()});
  statements.push_back({kDeleteAbandoned, hashes.Parameters()});
  if (request_ids.rows() > 0) {
    statements.push_back({kBuryRequestIds, request_ids.Parameters()});
  }
  statements.push_back({kDeleteAttempts, keys.Parameters()});
  if (tasks.rows() > 0) {
    statements.push_back({kDeleteAttemptTasks, tasks.Parameters()});
  }
  statements.push_back({kDeleteEvents, keys.Parameters()});
  return statements;
}

}  // namespace genledger::postgres
