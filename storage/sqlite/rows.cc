#include "storage/sqlite/rows.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/base/check.h"
#include "service/domain/spec_encoding.h"
#include "storage/column_codec.h"

namespace genledger::sqlite {
namespace {

// Columns of a failure; all NULL if there is none.
constexpr int kFailureColumns = 5;
// Stands for what the submission itself has: its id at the front of an idempotency key, its task_id
// in an event. Some 30 bytes less each.
constexpr char kOwnMark = '\x01';

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
  return own ? kOwnMark + key.substr(id.value().size()) : key;
}

std::string UnpackIdempotencyKey(const SubmissionId& id, std::string_view packed) {
  if (packed.empty() || packed.front() != kOwnMark) {
    return std::string(packed);
  }
  return id.value() + std::string(packed.substr(1));
}

absl::Status Damaged(std::string_view table, int64_t seq, std::string_view what) {
  return absl::InternalError(absl::StrCat("row ", seq, " of ", std::string(table),
                                          " does not decode: ", std::string(what)));
}

bool ReadName(RowReader& row, Names& names, std::string& text) {
  std::optional<std::string> name = names.Text(row.Int());
  if (!name.has_value()) {
    return false;
  }
  text = *std::move(name);
  return true;
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
void BindChanging(StatementUse& use, Names& names, const Submission& s,
                  const std::string& superseded_by) {
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
      .Int(names.Intern(s.lease_owner))
      .Int(s.epoch)
      .Int(EncodeTime(s.lease_expire_time))
      .Int(s.run_reposts)
      .Bool(s.never_repost);
}

bool IsState(int32_t value) {
  return value >= static_cast<int32_t>(SubmissionState::kPending) &&
         value <= static_cast<int32_t>(SubmissionState::kAbandoned);
}

absl::Status ReadFixed(RowReader& row, Names& names, StoredSubmission& stored) {
  Submission& s = stored.submission;
  const std::string_view id = row.View();
  if (id.empty() || !DecodeReference(id, s.id)) {
    return Damaged("submissions", stored.seq, "id");
  }
  s.scope.tenant = row.Text();
  if (!ReadName(row, names, s.scope.upstream_account)) {
    return Damaged("submissions", stored.seq, "account");
  }
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

absl::Status ReadChanging(RowReader& row, Names& names, StoredSubmission& stored) {
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
  if (!ReadName(row, names, s.lease_owner)) {
    return Damaged("submissions", stored.seq, "lease_owner");
  }
  s.epoch = row.Int();
  s.lease_expire_time = DecodeTime(row.Int());
  s.run_reposts = row.Int32();
  s.never_repost = row.Bool();
  return absl::OkStatus();
}

absl::Status DecodeInto(const SQLite::Statement& statement, Names& names,
                        StoredSubmission& stored) {
  RowReader row(statement);
  stored.seq = row.Int();
  absl::Status status = ReadFixed(row, names, stored);
  return status.ok() ? ReadChanging(row, names, stored) : status;
}

}  // namespace

int InsertSubmissionRow(SQLite::Statement& insert, Names& names, const Submission& s) {
  const std::string id = EncodeReference(s.id);
  const std::string request = EncodeRequest(s.spec, s.variation);
  const std::string labels = EncodeLabels(s.labels);
  const std::string possible_duplicate_of = EncodeReference(s.possible_duplicate_of);
  const std::string superseded_by = EncodeReference(s.superseded_by);
  StatementUse use(insert);
  use.Blob(id)
      .Text(s.scope.tenant)
      .Int(names.Intern(s.scope.upstream_account))
      .Blob(request)
      .Blob(AsView(s.request_hash))
      .Int(s.hash_version)
      .Text(s.request_id)
      .Int(static_cast<int64_t>(s.dedupe_mode))
      .Int(absl::ToInt64Microseconds(s.dedupe_window))
      .Blob(labels)
      .Blob(possible_duplicate_of)
      .Int(EncodeTime(s.create_time));
  BindChanging(use, names, s, superseded_by);
  return use.Run();
}

int UpdateSubmissionRow(SQLite::Statement& update, Names& names, int64_t seq,
                        int64_t before_revision, const Submission& after) {
  const std::string superseded_by = EncodeReference(after.superseded_by);
  StatementUse use(update);
  BindChanging(use, names, after, superseded_by);
  return use.Int(seq).Int(before_revision).Run();
}

int PutAttemptRow(SQLite::Statement& put, Names& names, const Submission& submission, int64_t seq,
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
      .Int(names.Intern(a.base_url))
      .Int(names.Intern(a.credential_fingerprint))
      .Int(names.Intern(a.replica))
      .Int(a.epoch)
      .Int(static_cast<int64_t>(a.kind))
      .Bool(a.may_be_charged)
      .Int(seq)
      .Run();
}

int InsertEventRow(SQLite::Statement& insert, Names& names, const Submission& submission,
                   int64_t seq, const SubmissionEvent& e) {
  const bool own = !e.task_id.empty() && e.task_id == submission.task_id;
  const std::string task_id = own ? std::string(1, kOwnMark) : e.task_id.value();
  StatementUse use(insert);
  return use.Int(e.revision)
      .Int(EncodeTime(e.time))
      .Int(names.Intern(e.type))
      .Int(static_cast<int64_t>(e.state))
      .Int(e.attempt)
      .Int(names.Intern(e.actor))
      .Text(e.note)
      .Text(task_id)
      .Int(static_cast<int64_t>(e.outcome))
      .Int(static_cast<int64_t>(e.reason))
      .Int(seq)
      .Run();
}

absl::StatusOr<StoredSubmission> DecodeSubmissionRow(const SQLite::Statement& statement,
                                                     Names& names) {
  // Made where it is returned from: moving a record is a tenth of reading it.
  absl::StatusOr<StoredSubmission> stored{StoredSubmission()};
  if (absl::Status status = DecodeInto(statement, names, *stored); !status.ok()) {
    stored = std::move(status);
  }
  return stored;
}

absl::StatusOr<SharedSubmission> DecodeSharedRow(const SQLite::Statement& statement, Names& names) {
  auto stored = std::make_shared<StoredSubmission>();
  if (absl::Status status = DecodeInto(statement, names, *stored); !status.ok()) {
    return status;
  }
  return SharedSubmission(stored, &stored->submission);
}

absl::StatusOr<Attempt> DecodeAttemptRow(const SQLite::Statement& statement, Names& names,
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
  if (!ReadName(row, names, a.base_url) || !ReadName(row, names, a.credential_fingerprint) ||
      !ReadName(row, names, a.replica)) {
    return Damaged("attempts", a.number, "a name");
  }
  a.epoch = row.Int();
  a.kind = static_cast<AttemptKind>(row.Int32());
  a.may_be_charged = row.Bool();
  return a;
}

absl::StatusOr<SubmissionEvent> DecodeEventRow(const SQLite::Statement& statement, Names& names,
                                               const TaskId& submission_task_id) {
  RowReader row(statement);
  SubmissionEvent e;
  e.revision = row.Int();
  e.time = DecodeTime(row.Int());
  if (!ReadName(row, names, e.type)) {
    return Damaged("events", e.revision, "type");
  }
  const int32_t state = row.Int32();
  if (!IsState(state)) {
    return Damaged("events", e.revision, "state");
  }
  e.state = static_cast<SubmissionState>(state);
  e.attempt = row.Int32();
  if (!ReadName(row, names, e.actor)) {
    return Damaged("events", e.revision, "actor");
  }
  e.note = row.Text();
  const std::string_view task_id = row.View();
  const bool own = task_id.size() == 1 && task_id.front() == kOwnMark;
  e.task_id = own ? submission_task_id : TaskId(std::string(task_id));
  e.outcome = static_cast<AttemptOutcome>(row.Int32());
  e.reason = static_cast<ErrorReason>(row.Int32());
  return e;
}

}  // namespace genledger::sqlite
