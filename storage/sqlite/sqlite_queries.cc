#include "storage/sqlite/sqlite_queries.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "service/base/errors.h"
#include "service/base/status_macros.h"
#include "storage/list_page.h"

namespace genledger::sqlite {
namespace {

using Found = absl::StatusOr<std::optional<StoredSubmission>>;

// Rows of a page that room is made for before any is there.
constexpr size_t kPageReserved = 1000;

// Another tenant's record is as good as none.
Found FindVisible(RecordReader& reader, const std::optional<std::string>& tenant,
                  const SubmissionId& id) {
  GL_ASSIGN_OR_RETURN(std::optional<StoredSubmission> stored, reader.ById(id));
  if (stored.has_value() && tenant.has_value() && stored->submission.scope.tenant != *tenant) {
    return std::nullopt;
  }
  return stored;
}

Found FindInTenant(RecordReader& reader, const std::string& tenant, const SubmissionKey& key) {
  if (const auto* task_id = std::get_if<TaskId>(&key)) {
    return reader.ByTaskId(tenant, *task_id);
  }
  const auto& request = std::get<RequestIdKey>(key);
  GL_ASSIGN_OR_RETURN(
      StoredRequestIdMatch match,
      reader.ByRequestId({.tenant = tenant, .upstream_account = request.upstream_account},
                         request.request_id));
  return std::move(match.stored);
}

Found Find(RecordReader& reader, const GetQuery& query) {
  if (const auto* id = std::get_if<SubmissionId>(&query.key)) {
    return FindVisible(reader, query.tenant, *id);
  }
  if (query.tenant.has_value()) {
    return FindInTenant(reader, *query.tenant, query.key);
  }
  // Every key but the id starts with the tenant: operators pay one look-up a tenant. The empty
  // tenant comes first and is not found by walking.
  std::optional<std::string> tenant = "";
  while (tenant.has_value()) {
    GL_ASSIGN_OR_RETURN(std::optional<StoredSubmission> stored,
                        FindInTenant(reader, *tenant, query.key));
    if (stored.has_value()) {
      return stored;
    }
    tenant = reader.NextTenant(*tenant);
  }
  return std::nullopt;
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

absl::StatusOr<SubmissionWithAttempts> WithAttempts(RecordReader& reader, StoredSubmission stored,
                                                    bool with_attempts) {
  SubmissionWithAttempts result;
  if (with_attempts) {
    GL_ASSIGN_OR_RETURN(result.attempts, reader.Attempts(stored.seq, stored.submission.id));
  }
  result.submission = std::move(stored.submission);
  return result;
}

}  // namespace

absl::StatusOr<SubmissionWithAttempts> RunGet(RecordReader& reader, const GetQuery& query) {
  GL_ASSIGN_OR_RETURN(std::optional<StoredSubmission> stored, Find(reader, query));
  if (!stored.has_value()) {
    return errors::SubmissionNotFound(KeyText(query.key));
  }
  return WithAttempts(reader, *std::move(stored), query.with_attempts);
}

SharedSubmission GetFrom(const RecordCache& cache, const GetQuery& query) {
  if (const auto* id = std::get_if<SubmissionId>(&query.key)) {
    SharedSubmission found = cache.ById(*id);
    return found != nullptr && found->scope.tenant == *query.tenant ? found : nullptr;
  }
  if (const auto* request = std::get_if<RequestIdKey>(&query.key)) {
    return cache.ByRequestId(
        {.tenant = *query.tenant, .upstream_account = request->upstream_account},
        request->request_id);
  }
  return nullptr;
}

absl::StatusOr<SharedSubmission> RunGetNow(RecordReader& reader, const GetQuery& query) {
  const std::string& tenant = *query.tenant;
  SharedSubmission found;
  if (const auto* id = std::get_if<SubmissionId>(&query.key)) {
    GL_ASSIGN_OR_RETURN(found, reader.SharedById(*id));
    // Another tenant's record is as good as none.
    found = found != nullptr && found->scope.tenant == tenant ? std::move(found) : nullptr;
  } else if (const auto* task_id = std::get_if<TaskId>(&query.key)) {
    GL_ASSIGN_OR_RETURN(found, reader.SharedByTaskId(tenant, *task_id));
  } else {
    const auto& request = std::get<RequestIdKey>(query.key);
    GL_ASSIGN_OR_RETURN(
        SharedRequestIdMatch match,
        reader.SharedByRequestId({.tenant = tenant, .upstream_account = request.upstream_account},
                                 request.request_id));
    found = std::move(match.submission);
  }
  if (found == nullptr) {
    return errors::SubmissionNotFound(KeyText(query.key));
  }
  return found;
}

absl::StatusOr<std::vector<SubmissionWithAttempts>> RunBatchGet(RecordReader& reader,
                                                                const BatchGetQuery& query) {
  std::vector<SubmissionWithAttempts> results;
  results.reserve(query.ids.size());
  for (const SubmissionId& id : query.ids) {
    GL_ASSIGN_OR_RETURN(std::optional<StoredSubmission> stored,
                        FindVisible(reader, query.tenant, id));
    if (!stored.has_value()) {
      return errors::SubmissionNotFound(id.value());
    }
    GL_ASSIGN_OR_RETURN(SubmissionWithAttempts result,
                        WithAttempts(reader, *std::move(stored), query.with_attempts));
    results.push_back(std::move(result));
  }
  return results;
}

absl::StatusOr<ListPage> RunList(RecordReader& reader, const ListQuery& query) {
  ListPageCutter cutter(&query);
  ListPage page;
  page.submissions.reserve(std::min(static_cast<size_t>(std::max(query.limit, 0)), kPageReserved));
  std::vector<int64_t> seqs;
  GL_RETURN_IF_ERROR(reader.lists().Scan(query, [&](StoredSubmission&& row) {
    const ListPageCutter::Verdict verdict = cutter.Offer(row.submission);
    if (verdict == ListPageCutter::Verdict::kTake) {
      seqs.push_back(row.seq);
      page.submissions.emplace_back().submission = std::move(row.submission);
    }
    return verdict != ListPageCutter::Verdict::kStop;
  }));
  cutter.Finish(page);
  for (size_t i = 0; query.with_attempts && i < seqs.size(); ++i) {
    SubmissionWithAttempts& one = page.submissions[i];
    GL_ASSIGN_OR_RETURN(one.attempts, reader.Attempts(seqs[i], one.submission.id));
  }
  return page;
}

StoreCounts RunCount(RecordReader& reader) {
  return {.by_state = reader.CountByState(),
          .oldest_pending_create_time = reader.OldestPendingCreateTime()};
}

absl::StatusOr<std::vector<SubmissionEvent>> RunListEvents(RecordReader& reader,
                                                           const ListEventsQuery& query) {
  GL_ASSIGN_OR_RETURN(const std::optional<StoredSubmission> stored,
                      FindVisible(reader, query.tenant, query.id));
  if (!stored.has_value()) {
    return errors::SubmissionNotFound(query.id.value());
  }
  return reader.Events(*stored, query.after_revision, std::max(query.limit, 0));
}

}  // namespace genledger::sqlite
