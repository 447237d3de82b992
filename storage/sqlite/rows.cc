#include "storage/sqlite/rows.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/base/check.h"
#include "service/domain/spec_encoding.h"
#include "storage/sqlite/codec.h"

namespace genledger::sqlite {
namespace {

// Columns of a failure; all NULL if there is none.
constexpr int kFailureColumns = 5;
// Stands for the submission's own id at the front of an idempotency key: 30 bytes less a row.
constexpr char kOwnIdMark = '\x01';

std::string_view AsView(const UlidBytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string_view AsView(const RequestHash& hash) {
  return {reinterpret_cast<const char*>(hash.bytes.data()), hash.bytes.size()};
}

// The bytes of an optional reference to another submission: empty if there is none.
std::string EncodeReference(const SubmissionId& id) {
  if (id.empty()) {
    return {};
  }
  const std::optional<UlidBytes> bytes = EncodeId(id);
  GL_CHECK(bytes.has_value(), "a reference to a submission is a submission id");
  return std::string(AsView(*bytes));
}

bool DecodeReference(std::string_view bytes, SubmissionId& id) {
  UlidBytes ulid{};
  if (bytes.empty()) {
    return true;
  }
  if (bytes.size() != ulid.size()) {
    return false;
  }
  std::copy(bytes.begin(), bytes.end(), ulid.begin());
  id = DecodeId(ulid);
  return true;
}

std::string PackIdempotencyKey(const SubmissionId& id, const std::string& key) {
  const bool own = key.compare(0, id.value().size(), id.value()) == 0;
  return own ? kOwnIdMark + key.substr(id.value().size()) : key;
}

std::string UnpackIdempotencyKey(const SubmissionId& id, std::string_view packed) {
  if (packed.empty() || packed.front() != kOwnIdMark) {
    return std::string(packed);
  }
  return id.value() + std::string(packed.substr(1));
}

absl::Status Damaged(std::string_view table, int64_t seq, std::string_view what) {
  return absl::InternalError(absl::StrCat("row ", seq, " of ", std::string(table),
                                          " does not decode: ", std::string(what)));
}

void BindFailure(StatementUse& use, const std::optional<Failure>& failure) {
  if (!failure.has_value()) {
    for (int i = 0; i < kFailureColumns; ++i) {
      use.Null();
    }
    return;
  }
  use.Int(static_cast<int64_t>(failure->reason))
      .Text(failure->message)
      .Int(failure->http_status)
      .Bool(failure->retryable)
      .Int(EncodeTime(failure->reopen_time));
}

std::optional<Failure> ReadFailure(RowReader& row) {
  if (row.IsNull()) {
    row.Skip(kFailureColumns);
    return std::nullopt;
  }
  Failure failure;
  failure.reason = static_cast<ErrorReason>(row.Int32());
  failure.message = row.Text();
  failure.http_status = row.Int32();
  failure.retryable = row.Bool();
  failure.reopen_time = DecodeTime(row.Int());
  return failure;
}

// GL_SUBMISSION_CHANGING_COLUMNS. `superseded_by` must outlive the run.
void BindChanging(StatementUse& use, const Submission& s, const std::string& superseded_by) {
  use.Int(static_cast<int64_t>(s.state))
      .Int(s.revision)
      .Text(s.task_id.value())
      .Int(s.request_id_count)
      .Bool(s.anonymous_caller)
      .Int(static_cast<int64_t>(s.ambiguity_policy))
      .Bool(s.holds_hash)
      .Blob(superseded_by);
  BindFailure(use, s.failure);
  use.Int(EncodeTime(s.update_time))
      .Int(EncodeTime(s.submit_time))
      .Int(EncodeTime(s.submit_deadline_time))
      .Int(EncodeTime(s.next_attempt_time))
      .Int(EncodeTime(s.dedupe_expire_time))
      .Int(EncodeTime(s.cancel_request_time))
      .Int(s.run)
      .Int(s.attempt_count)
      .Int(s.run_attempts)
      .Int(s.run_counted_posts)
      .Int(s.run_trusted_refusals)
      .Int(s.failed_runs)
      .Int(s.unsettled_attempts)
      .Bool(s.resubmitted_once)
      .Int(s.upstream_posts_sent)
      .Int(s.charges_min)
      .Int(s.charges_max)
      .Text(s.lease_owner)
      .Int(s.epoch)
      .Int(EncodeTime(s.lease_expire_time));
}

bool IsState(int32_t value) {
  return value >= static_cast<int32_t>(SubmissionState::kPending) &&
         value <= static_cast<int32_t>(SubmissionState::kAbandoned);
}

absl::Status ReadFixed(RowReader& row, StoredSubmission& stored) {
  Submission& s = stored.submission;
  const std::string_view id = row.View();
  if (id.empty() || !DecodeReference(id, s.id)) {
    return Damaged("submissions", stored.seq, "id");
  }
  s.scope.tenant = row.Text();
  s.scope.upstream_account = row.Text();
  absl::StatusOr<DecodedRequest> request = DecodeRequest(row.View());
  if (!request.ok()) {
    return Damaged("submissions", stored.seq, "request");
  }
  s.spec = std::move(request->spec);
  s.variation = std::move(request->variation);
  const std::string_view hash = row.View();
  if (hash.size() != s.request_hash.bytes.size()) {
    return Damaged("submissions", stored.seq, "hash");
  }
  std::copy(hash.begin(), hash.end(), s.request_hash.bytes.begin());
  s.hash_version = row.Int32();
  s.request_id = row.Text();
  s.dedupe_mode = static_cast<DedupeMode>(row.Int32());
  s.dedupe_window = absl::Microseconds(row.Int());
  std::optional<std::map<std::string, std::string>> labels = DecodeLabels(row.View());
  if (!labels.has_value() || !DecodeReference(row.View(), s.possible_duplicate_of)) {
    return Damaged("submissions", stored.seq, "labels or possible_duplicate_of");
  }
  s.labels = *std::move(labels);
  s.create_time = DecodeTime(row.Int());
  return absl::OkStatus();
}

absl::Status ReadChanging(RowReader& row, StoredSubmission& stored) {
  Submission& s = stored.submission;
  const int32_t state = row.Int32();
  if (!IsState(state)) {
    return Damaged("submissions", stored.seq, "state");
  }
  s.state = static_cast<SubmissionState>(state);
  s.revision = row.Int();
  s.task_id = TaskId(row.Text());
  s.request_id_count = row.Int32();
  s.anonymous_caller = row.Bool();
  s.ambiguity_policy = static_cast<AmbiguityPolicy>(row.Int32());
  s.holds_hash = row.Bool();
  if (!DecodeReference(row.View(), s.superseded_by)) {
    return Damaged("submissions", stored.seq, "superseded_by");
  }
  s.failure = ReadFailure(row);
  s.update_time = DecodeTime(row.Int());
  s.submit_time = DecodeTime(row.Int());
  s.submit_deadline_time = DecodeTime(row.Int());
  s.next_attempt_time = DecodeTime(row.Int());
  s.dedupe_expire_time = DecodeTime(row.Int());
  s.cancel_request_time = DecodeTime(row.Int());
  s.run = row.Int32();
  s.attempt_count = row.Int32();
  s.run_attempts = row.Int32();
  s.run_counted_posts = row.Int32();
  s.run_trusted_refusals = row.Int32();
  s.failed_runs = row.Int32();
  s.unsettled_attempts = row.Int32();
  s.resubmitted_once = row.Bool();
  s.upstream_posts_sent = row.Int32();
  s.charges_min = row.Int32();
  s.charges_max = row.Int32();
  s.lease_owner = row.Text();
  s.epoch = row.Int();
  s.lease_expire_time = DecodeTime(row.Int());
  return absl::OkStatus();
}

}  // namespace

int InsertSubmissionRow(SQLite::Statement& insert, const Submission& s) {
  const std::string id = EncodeReference(s.id);
  const std::string request = EncodeRequest(s.spec, s.variation);
  const std::string labels = EncodeLabels(s.labels);
  const std::string possible_duplicate_of = EncodeReference(s.possible_duplicate_of);
  const std::string superseded_by = EncodeReference(s.superseded_by);
  StatementUse use(insert);
  use.Blob(id)
      .Text(s.scope.tenant)
      .Text(s.scope.upstream_account)
      .Blob(request)
      .Blob(AsView(s.request_hash))
      .Int(s.hash_version)
      .Text(s.request_id)
      .Int(static_cast<int64_t>(s.dedupe_mode))
      .Int(absl::ToInt64Microseconds(s.dedupe_window))
      .Blob(labels)
      .Blob(possible_duplicate_of)
      .Int(EncodeTime(s.create_time));
  BindChanging(use, s, superseded_by);
  return use.Run();
}

int UpdateSubmissionRow(SQLite::Statement& update, int64_t seq, int64_t before_revision,
                        const Submission& after) {
  const std::string superseded_by = EncodeReference(after.superseded_by);
  StatementUse use(update);
  BindChanging(use, after, superseded_by);
  return use.Int(seq).Int(before_revision).Run();
}

int PutAttemptRow(SQLite::Statement& put, const Submission& submission, int64_t seq,
                  const Attempt& a) {
  const std::string task_ids = EncodeTaskIds(a.task_ids);
  const std::string idempotency_key = PackIdempotencyKey(submission.id, a.idempotency_key);
  StatementUse use(put);
  return use.Int(a.number)
      .Int(a.run)
      .Int(static_cast<int64_t>(a.outcome))
      .Int(EncodeTime(a.start_time))
      .Int(EncodeTime(a.end_time))
      .Int(a.http_status)
      .Text(a.upstream_code)
      .Text(a.upstream_message)
      .Text(a.upstream_request_id)
      .Blob(task_ids)
      .Text(idempotency_key)
      .Text(a.base_url)
      .Text(a.credential_fingerprint)
      .Text(a.replica)
      .Int(a.epoch)
      .Int(seq)
      .Run();
}

int InsertEventRow(SQLite::Statement& insert, int64_t seq, const SubmissionEvent& e) {
  StatementUse use(insert);
  return use.Int(e.revision)
      .Int(EncodeTime(e.time))
      .Text(e.type)
      .Int(static_cast<int64_t>(e.state))
      .Int(e.attempt)
      .Text(e.actor)
      .Text(e.note)
      .Text(e.task_id.value())
      .Int(static_cast<int64_t>(e.outcome))
      .Int(static_cast<int64_t>(e.reason))
      .Int(seq)
      .Run();
}

absl::StatusOr<StoredSubmission> DecodeSubmissionRow(const SQLite::Statement& statement) {
  RowReader row(statement);
  StoredSubmission stored;
  stored.seq = row.Int();
  if (absl::Status status = ReadFixed(row, stored); !status.ok()) {
    return status;
  }
  if (absl::Status status = ReadChanging(row, stored); !status.ok()) {
    return status;
  }
  return stored;
}

absl::StatusOr<Attempt> DecodeAttemptRow(const SQLite::Statement& statement,
                                         const SubmissionId& id) {
  RowReader row(statement);
  Attempt a;
  a.number = row.Int32();
  a.run = row.Int32();
  a.outcome = static_cast<AttemptOutcome>(row.Int32());
  a.start_time = DecodeTime(row.Int());
  a.end_time = DecodeTime(row.Int());
  a.http_status = row.Int32();
  a.upstream_code = row.Text();
  a.upstream_message = row.Text();
  a.upstream_request_id = row.Text();
  std::optional<std::vector<TaskId>> task_ids = DecodeTaskIds(row.View());
  if (!task_ids.has_value()) {
    return Damaged("attempts", a.number, "task_ids");
  }
  a.task_ids = *std::move(task_ids);
  a.idempotency_key = UnpackIdempotencyKey(id, row.View());
  a.base_url = row.Text();
  a.credential_fingerprint = row.Text();
  a.replica = row.Text();
  a.epoch = row.Int();
  return a;
}

absl::StatusOr<SubmissionEvent> DecodeEventRow(const SQLite::Statement& statement) {
  RowReader row(statement);
  SubmissionEvent e;
  e.revision = row.Int();
  e.time = DecodeTime(row.Int());
  e.type = row.Text();
  const int32_t state = row.Int32();
  if (!IsState(state)) {
    return Damaged("events", e.revision, "state");
  }
  e.state = static_cast<SubmissionState>(state);
  e.attempt = row.Int32();
  e.actor = row.Text();
  e.note = row.Text();
  e.task_id = TaskId(row.Text());
  e.outcome = static_cast<AttemptOutcome>(row.Int32());
  e.reason = static_cast<ErrorReason>(row.Int32());
  return e;
}

}  // namespace genledger::sqlite
