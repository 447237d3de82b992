#include "storage/postgres/queries.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "service/base/errors.h"
#include "service/base/status_macros.h"
#include "storage/column_codec.h"
#include "storage/list_page.h"
#include "storage/list_range.h"
#include "storage/postgres/parameters.h"
#include "storage/postgres/rows.h"
#include "storage/postgres/sql.h"

namespace genledger::postgres {
namespace {

// Rows of a list that are asked for once the first ones were not enough: the filter is rare.
constexpr int64_t kListRowsAhead = 1000;

std::string Int(int64_t value) { return absl::StrCat(value); }

bool IsVisible(const std::optional<std::string>& tenant, const Submission& submission) {
  return !tenant.has_value() || submission.scope.tenant == *tenant;
}

absl::StatusOr<std::vector<Submission>> ReadSubmissions(const Rows& rows) {
  std::vector<Submission> submissions;
  submissions.reserve(static_cast<size_t>(rows.size()));
  for (int i = 0; i < rows.size(); ++i) {
    RowCursor row(&rows, i);
    GL_ASSIGN_OR_RETURN(Submission submission, ReadSubmission(row));
    submissions.push_back(std::move(submission));
  }
  return submissions;
}

using AttemptsById = std::map<SubmissionId, std::vector<Attempt>>;

absl::StatusOr<AttemptsById> ReadAttempts(const Rows& rows) {
  AttemptsById attempts;
  for (int i = 0; i < rows.size(); ++i) {
    RowCursor row(&rows, i);
    const SubmissionId id = ReadId(row);
    GL_ASSIGN_OR_RETURN(Attempt attempt, ReadAttempt(row));
    attempts[id].push_back(std::move(attempt));
  }
  return attempts;
}

std::string IdArray(const std::vector<SubmissionId>& ids) {
  Array array;
  for (const SubmissionId& id : ids) {
    array.AddId(id);
  }
  return array.Text();
}

// The statements, in one snapshot if attempts must fit their submission. The rows of the
// statements alone.
absl::StatusOr<std::vector<Rows>> RunRead(const QueryContext& context,
                                          std::vector<Statement> statements, bool in_snapshot) {
  if (in_snapshot) {
    statements.insert(statements.begin(), {kBeginSnapshot, {}});
  }
  GL_ASSIGN_OR_RETURN(std::vector<Rows> rows, context.connection->Run(statements, context.timeout));
  if (in_snapshot) {
    rows.erase(rows.begin());
  }
  return rows;
}

// Their attempts, in the snapshot that is open, which ends.
absl::StatusOr<std::vector<SubmissionWithAttempts>> WithAttempts(
    const QueryContext& context, std::vector<Submission> submissions, bool with_attempts) {
  AttemptsById attempts;
  if (with_attempts) {
    std::vector<SubmissionId> ids;
    ids.reserve(submissions.size());
    for (const Submission& submission : submissions) {
      ids.push_back(submission.id);
    }
    GL_ASSIGN_OR_RETURN(const std::vector<Rows> rows,
                        context.connection->Run(
                            {{Statements().attempts_of_ids.c_str(), {IdArray(ids)}}, {kCommit, {}}},
                            context.timeout));
    GL_ASSIGN_OR_RETURN(attempts, ReadAttempts(rows.front()));
  }
  std::vector<SubmissionWithAttempts> results;
  results.reserve(submissions.size());
  for (Submission& submission : submissions) {
    SubmissionWithAttempts result{.submission = std::move(submission)};
    if (const auto found = attempts.find(result.submission.id); found != attempts.end()) {
      result.attempts = found->second;
    }
    results.push_back(std::move(result));
  }
  return results;
}

Statement StatementOf(const GetQuery& query) {
  if (const auto* id = std::get_if<SubmissionId>(&query.key)) {
    return {Statements().by_ids.c_str(), {IdArray({*id})}};
  }
  if (const auto* task_id = std::get_if<TaskId>(&query.key)) {
    return {Statements().by_task.c_str(), {Bytes(task_id->value()), query.tenant}};
  }
  const auto& request = std::get<RequestIdKey>(query.key);
  if (query.tenant.has_value()) {
    return {Statements().by_request_id.c_str(),
            {request.upstream_account, Bytes(request.request_id), *query.tenant}};
  }
  return {Statements().by_request_id_of_any_tenant.c_str(),
          {request.upstream_account, Bytes(request.request_id)}};
}

std::string KeyText(const SubmissionKey& key) {
  if (const auto* id = std::get_if<SubmissionId>(&key)) {
    return id->value();
  }
  if (const auto* task_id = std::get_if<TaskId>(&key)) {
    return task_id->value();
  }
  return std::get<RequestIdKey>(key).request_id;
}

// Ends a snapshot for which there is nothing more to ask.
absl::Status EndSnapshot(const QueryContext& context, bool in_snapshot) {
  return in_snapshot ? context.connection->Run({{kCommit, {}}}, context.timeout).status()
                     : absl::OkStatus();
}

const std::string& ListSql(const ListQuery& query) {
  const Sql& sql = Statements();
  if (query.order_by == ListOrder::kUpdateTime) {
    return query.descending ? sql.list_updated_descending : sql.list_updated_ascending;
  }
  return query.descending ? sql.list_descending : sql.list_ascending;
}

std::string RawId(const SubmissionId& id) {
  const std::optional<UlidBytes> bytes = EncodeId(id);
  return bytes.has_value() ? std::string(bytes->begin(), bytes->end()) : std::string();
}

// Moves the range behind a row.
void Advance(const ListQuery& query, const Submission& last, ListRange& range) {
  ListKey& end = query.descending ? range.upper : range.lower;
  end = KeyOf(query, EncodeTime(last.update_time), RawId(last.id));
}

}  // namespace

absl::StatusOr<SubmissionWithAttempts> RunGet(const QueryContext& context, const GetQuery& query) {
  GL_ASSIGN_OR_RETURN(const std::vector<Rows> rows,
                      RunRead(context, {StatementOf(query)}, query.with_attempts));
  GL_ASSIGN_OR_RETURN(std::vector<Submission> found, ReadSubmissions(rows.front()));
  if (found.empty() || !IsVisible(query.tenant, found.front())) {
    GL_RETURN_IF_ERROR(EndSnapshot(context, query.with_attempts));
    return errors::SubmissionNotFound(KeyText(query.key));
  }
  GL_ASSIGN_OR_RETURN(std::vector<SubmissionWithAttempts> results,
                      WithAttempts(context, std::move(found), query.with_attempts));
  return std::move(results.front());
}

absl::StatusOr<std::vector<SubmissionWithAttempts>> RunBatchGet(const QueryContext& context,
                                                                const BatchGetQuery& query) {
  GL_ASSIGN_OR_RETURN(
      const std::vector<Rows> rows,
      RunRead(context, {{Statements().by_ids.c_str(), {IdArray(query.ids)}}}, query.with_attempts));
  GL_ASSIGN_OR_RETURN(std::vector<Submission> found, ReadSubmissions(rows.front()));
  std::map<SubmissionId, SubmissionWithAttempts> by_id;
  GL_ASSIGN_OR_RETURN(std::vector<SubmissionWithAttempts> all,
                      WithAttempts(context, std::move(found), query.with_attempts));
  for (SubmissionWithAttempts& one : all) {
    const SubmissionId id = one.submission.id;
    by_id.emplace(id, std::move(one));
  }
  std::vector<SubmissionWithAttempts> results;
  results.reserve(query.ids.size());
  for (const SubmissionId& id : query.ids) {
    const auto one = by_id.find(id);
    if (one == by_id.end() || !IsVisible(query.tenant, one->second.submission)) {
      return errors::SubmissionNotFound(id.value());
    }
    results.push_back(one->second);
  }
  return results;
}

absl::StatusOr<ListPage> RunList(const QueryContext& context, const ListQuery& query) {
  ListRange range = RangeOf(query);
  const std::optional<SubmissionState> state = RequiredState(query.filter);
  ListPageCutter cutter(&query);
  std::vector<Submission> taken;
  int64_t limit = std::max(query.limit, 1) + int64_t{1};
  bool in_snapshot = false;
  for (bool over = false; !over; limit = kListRowsAhead) {
    GL_ASSIGN_OR_RETURN(
        const std::vector<Rows> rows,
        RunRead(context,
                {{ListSql(query).c_str(),
                  {query.tenant, Int(state.has_value() ? static_cast<int64_t>(*state) : 0),
                   Int(range.lower.update_time), Int(range.upper.update_time),
                   Bytes(range.lower.id), Bytes(range.upper.id), Int(limit)}}},
                query.with_attempts && !in_snapshot));
    in_snapshot = query.with_attempts;
    GL_ASSIGN_OR_RETURN(std::vector<Submission> found, ReadSubmissions(rows.front()));
    over = static_cast<int64_t>(found.size()) < limit;
    for (Submission& submission : found) {
      const ListPageCutter::Verdict verdict = cutter.Offer(submission);
      if (verdict == ListPageCutter::Verdict::kStop) {
        over = true;
        break;
      }
      Advance(query, submission, range);
      if (verdict == ListPageCutter::Verdict::kTake) {
        taken.push_back(std::move(submission));
      }
    }
  }
  ListPage page;
  cutter.Finish(page);
  GL_ASSIGN_OR_RETURN(page.submissions,
                      WithAttempts(context, std::move(taken), query.with_attempts));
  return page;
}

absl::StatusOr<std::vector<SubmissionEvent>> RunListEvents(const QueryContext& context,
                                                           const ListEventsQuery& query) {
  GL_ASSIGN_OR_RETURN(const SubmissionWithAttempts found,
                      RunGet(context, {.tenant = query.tenant, .key = query.id}));
  GL_ASSIGN_OR_RETURN(
      const std::vector<Rows> rows,
      context.connection->Run({{Statements().events.c_str(),
                                {found.submission.scope.tenant, IdBytes(query.id),
                                 Int(query.after_revision), Int(std::max(query.limit, 0))}}},
                              context.timeout));
  std::vector<SubmissionEvent> events;
  for (int i = 0; i < rows.front().size(); ++i) {
    RowCursor row(&rows.front(), i);
    GL_ASSIGN_OR_RETURN(SubmissionEvent event, ReadEvent(row));
    events.push_back(std::move(event));
  }
  return events;
}

absl::StatusOr<StoreCounts> RunCount(const QueryContext& context) {
  GL_ASSIGN_OR_RETURN(
      const std::vector<Rows> rows,
      context.connection->Run({{kSumCounts, {}}, {kOldestPending, {}}}, context.timeout));
  StoreCounts counts;
  for (int i = 0; i < rows.front().size(); ++i) {
    counts.by_state[static_cast<SubmissionState>(rows.front().Int(i, 0))] = rows.front().Int(i, 1);
  }
  if (!rows.back().IsNull(0, 0)) {
    counts.oldest_pending_create_time = DecodeTime(rows.back().Int(0, 0));
  }
  return counts;
}

}  // namespace genledger::postgres
