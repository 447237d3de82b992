#include "storage/postgres/rows.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/domain/spec_encoding.h"
#include "storage/column_codec.h"

namespace genledger::postgres {
namespace {

absl::Status Damaged(std::string_view table, std::string_view what) {
  return absl::InternalError(
      absl::StrCat("a row of ", std::string(table), " does not decode: ", std::string(what)));
}

bool IsState(int64_t value) {
  return value >= static_cast<int64_t>(SubmissionState::kPending) &&
         value <= static_cast<int64_t>(SubmissionState::kAbandoned);
}

void AddFailure(const std::optional<Failure>& failure, RowBatch& batch) {
  const Failure shown = failure.value_or(Failure());
  batch.Next().AddInt(failure.has_value() ? 1 : 0);
  batch.Next().AddInt(static_cast<int64_t>(shown.reason));
  batch.Next().AddBytes(shown.message);
  batch.Next().AddInt(shown.http_status);
  batch.Next().AddInt(shown.retryable ? 1 : 0);
  batch.Next().AddInt(EncodeTime(shown.reopen_time));
}

std::optional<Failure> ReadFailure(RowCursor& row) {
  const bool has_failure = row.Bool();
  Failure failure;
  failure.reason = static_cast<ErrorReason>(row.Int32());
  failure.message = row.Bytes();
  failure.http_status = row.Int32();
  failure.retryable = row.Bool();
  failure.reopen_time = DecodeTime(row.Int());
  return has_failure ? std::make_optional(std::move(failure)) : std::nullopt;
}

void AddChanging(const Submission& s, RowBatch& batch) {
  batch.Next().AddInt(static_cast<int64_t>(s.state));
  batch.Next().AddInt(s.revision);
  batch.Next().AddBytes(s.task_id.value());
  batch.Next().AddInt(s.request_id_count);
  batch.Next().AddInt(s.anonymous_caller ? 1 : 0);
  batch.Next().AddInt(static_cast<int64_t>(s.ambiguity_policy));
  batch.Next().AddInt(s.holds_hash ? 1 : 0);
  batch.Next().AddId(s.superseded_by);
  AddFailure(s.failure, batch);
  for (const absl::Time time : {s.update_time, s.submit_time, s.submit_deadline_time,
                                s.next_attempt_time, s.dedupe_expire_time, s.cancel_request_time}) {
    batch.Next().AddInt(EncodeTime(time));
  }
  for (const int32_t number :
       {s.run, s.attempt_count, s.run_attempts, s.run_counted_posts, s.run_trusted_refusals,
        s.failed_runs, s.unsettled_attempts, s.resubmitted_once ? 1 : 0, s.upstream_posts_sent,
        s.charges_min, s.charges_max}) {
    batch.Next().AddInt(number);
  }
  batch.Next().AddText(s.lease_owner);
  batch.Next().AddInt(s.epoch);
  batch.Next().AddInt(EncodeTime(s.lease_expire_time));
  batch.Next().AddInt(s.run_reposts);
  batch.Next().AddInt(s.never_repost ? 1 : 0);
}

absl::Status ReadFixed(RowCursor& row, Submission& s) {
  s.id = ReadId(row);
  s.scope.tenant = row.Text();
  s.scope.upstream_account = row.Text();
  absl::StatusOr<DecodedRequest> request = DecodeRequest(row.Bytes());
  if (!request.ok()) {
    return Damaged("submissions", "request");
  }
  s.spec = std::move(request->spec);
  s.variation = std::move(request->variation);
  const std::string hash = row.Bytes();
  if (hash.size() != s.request_hash.bytes.size()) {
    return Damaged("submissions", "hash");
  }
  std::copy(hash.begin(), hash.end(), s.request_hash.bytes.begin());
  s.hash_version = row.Int32();
  s.request_id = row.Bytes();
  s.dedupe_mode = static_cast<DedupeMode>(row.Int32());
  s.dedupe_window = absl::Microseconds(row.Int());
  std::optional<std::map<std::string, std::string>> labels = DecodeLabels(row.Bytes());
  if (!labels.has_value()) {
    return Damaged("submissions", "labels");
  }
  s.labels = *std::move(labels);
  s.possible_duplicate_of = ReadId(row);
  s.create_time = DecodeTime(row.Int());
  return absl::OkStatus();
}

absl::Status ReadChanging(RowCursor& row, Submission& s) {
  const int64_t state = row.Int();
  if (!IsState(state)) {
    return Damaged("submissions", "state");
  }
  s.state = static_cast<SubmissionState>(state);
  s.revision = row.Int();
  s.task_id = TaskId(row.Bytes());
  s.request_id_count = row.Int32();
  s.anonymous_caller = row.Bool();
  s.ambiguity_policy = static_cast<AmbiguityPolicy>(row.Int32());
  s.holds_hash = row.Bool();
  s.superseded_by = ReadId(row);
  s.failure = ReadFailure(row);
  for (absl::Time* const time :
       {&s.update_time, &s.submit_time, &s.submit_deadline_time, &s.next_attempt_time,
        &s.dedupe_expire_time, &s.cancel_request_time}) {
    *time = DecodeTime(row.Int());
  }
  for (int32_t* const number : {&s.run, &s.attempt_count, &s.run_attempts, &s.run_counted_posts,
                                &s.run_trusted_refusals, &s.failed_runs, &s.unsettled_attempts}) {
    *number = row.Int32();
  }
  s.resubmitted_once = row.Bool();
  for (int32_t* const number : {&s.upstream_posts_sent, &s.charges_min, &s.charges_max}) {
    *number = row.Int32();
  }
  s.lease_owner = row.Text();
  s.epoch = row.Int();
  s.lease_expire_time = DecodeTime(row.Int());
  s.run_reposts = row.Int32();
  s.never_repost = row.Bool();
  return absl::OkStatus();
}

}  // namespace

void AddSubmission(const Submission& s, RowBatch& batch) {
  batch.Next().AddId(s.id);
  batch.Next().AddText(s.scope.tenant);
  batch.Next().AddText(s.scope.upstream_account);
  batch.Next().AddBytes(EncodeRequest(s.spec, s.variation));
  batch.Next().AddHash(s.request_hash);
  batch.Next().AddInt(s.hash_version);
  batch.Next().AddBytes(s.request_id);
  batch.Next().AddInt(static_cast<int64_t>(s.dedupe_mode));
  batch.Next().AddInt(absl::ToInt64Microseconds(s.dedupe_window));
  batch.Next().AddBytes(EncodeLabels(s.labels));
  batch.Next().AddId(s.possible_duplicate_of);
  batch.Next().AddInt(EncodeTime(s.create_time));
  AddChanging(s, batch);
  batch.EndRow();
}

void AddSubmissionUpdate(int64_t before_revision, const Submission& after, RowBatch& batch) {
  batch.Next().AddText(after.scope.tenant);
  batch.Next().AddId(after.id);
  batch.Next().AddInt(before_revision);
  AddChanging(after, batch);
  batch.EndRow();
}

void AddAttempt(const Submission& submission, const Attempt& a, RowBatch& batch) {
  batch.Next().AddText(submission.scope.tenant);
  batch.Next().AddId(submission.id);
  batch.Next().AddInt(a.number);
  batch.Next().AddInt(a.run);
  batch.Next().AddInt(static_cast<int64_t>(a.outcome));
  batch.Next().AddInt(EncodeTime(a.start_time));
  batch.Next().AddInt(EncodeTime(a.end_time));
  batch.Next().AddInt(a.http_status);
  batch.Next().AddBytes(a.upstream_code);
  batch.Next().AddBytes(a.upstream_message);
  batch.Next().AddBytes(a.upstream_request_id);
  batch.Next().AddBytes(EncodeTaskIds(a.task_ids));
  batch.Next().AddBytes(a.idempotency_key);
  batch.Next().AddBytes(a.base_url);
  batch.Next().AddText(a.credential_fingerprint);
  batch.Next().AddText(a.replica);
  batch.Next().AddInt(a.epoch);
  batch.Next().AddInt(static_cast<int64_t>(a.kind));
  batch.Next().AddInt(a.may_be_charged ? 1 : 0);
  batch.EndRow();
}

void AddEvent(const Submission& submission, const SubmissionEvent& e, RowBatch& batch) {
  batch.Next().AddText(submission.scope.tenant);
  batch.Next().AddId(submission.id);
  batch.Next().AddInt(e.revision);
  batch.Next().AddInt(EncodeTime(e.time));
  batch.Next().AddText(e.type);
  batch.Next().AddInt(static_cast<int64_t>(e.state));
  batch.Next().AddInt(e.attempt);
  batch.Next().AddBytes(e.actor);
  batch.Next().AddBytes(e.note);
  batch.Next().AddBytes(e.task_id.value());
  batch.Next().AddInt(static_cast<int64_t>(e.outcome));
  batch.Next().AddInt(static_cast<int64_t>(e.reason));
  batch.EndRow();
}

SubmissionId ReadId(RowCursor& row) {
  const std::string bytes = row.Bytes();
  UlidBytes ulid{};
  if (bytes.size() != ulid.size()) {
    return SubmissionId();
  }
  std::copy(bytes.begin(), bytes.end(), ulid.begin());
  return DecodeId(ulid);
}

absl::StatusOr<Submission> ReadSubmission(RowCursor& row) {
  Submission submission;
  if (absl::Status status = ReadFixed(row, submission); !status.ok()) {
    return status;
  }
  if (absl::Status status = ReadChanging(row, submission); !status.ok()) {
    return status;
  }
  return submission;
}

absl::StatusOr<Attempt> ReadAttempt(RowCursor& row) {
  Attempt a;
  a.number = row.Int32();
  a.run = row.Int32();
  a.outcome = static_cast<AttemptOutcome>(row.Int32());
  a.start_time = DecodeTime(row.Int());
  a.end_time = DecodeTime(row.Int());
  a.http_status = row.Int32();
  a.upstream_code = row.Bytes();
  a.upstream_message = row.Bytes();
  a.upstream_request_id = row.Bytes();
  std::optional<std::vector<TaskId>> task_ids = DecodeTaskIds(row.Bytes());
  if (!task_ids.has_value()) {
    return Damaged("attempts", "task_ids");
  }
  a.task_ids = *std::move(task_ids);
  a.idempotency_key = row.Bytes();
  a.base_url = row.Bytes();
  a.credential_fingerprint = row.Text();
  a.replica = row.Text();
  a.epoch = row.Int();
  a.kind = static_cast<AttemptKind>(row.Int32());
  a.may_be_charged = row.Bool();
  return a;
}

absl::StatusOr<SubmissionEvent> ReadEvent(RowCursor& row) {
  SubmissionEvent e;
  e.revision = row.Int();
  e.time = DecodeTime(row.Int());
  e.type = row.Text();
  const int64_t state = row.Int();
  if (!IsState(state)) {
    return Damaged("events", "state");
  }
  e.state = static_cast<SubmissionState>(state);
  e.attempt = row.Int32();
  e.actor = row.Bytes();
  e.note = row.Bytes();
  e.task_id = TaskId(row.Bytes());
  e.outcome = static_cast<AttemptOutcome>(row.Int32());
  e.reason = static_cast<ErrorReason>(row.Int32());
  return e;
}

}  // namespace genledger::postgres
