// Databases that older versions wrote, with rows in every state, opened by this version.
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "SQLiteCpp/Database.h"
#include "SQLiteCpp/Statement.h"
#include "absl/strings/str_cat.h"
#include "service/base/ids.h"
#include "service/base/random_source.h"
#include "service/domain/spec_encoding.h"
#include "storage/column_codec.h"
#include "storage/sqlite/schema.h"
#include "storage/sqlite/sqlite_workflow_store.h"
#include "tests/fakes/manual_clock.h"
#include "tests/storage/null_logger.h"
#include "tests/storage/schema_version_1.h"
#include "tests/storage/schema_version_2.h"
#include "tests/storage/store_calls.h"
#include "tests/storage/store_requests.h"
#include "tests/storage/temporary_directory.h"

namespace genledger {
namespace {

using enum SubmissionState;

constexpr absl::Time kThen = absl::FromUnixSeconds(1'794'990'000);

// A record as it should be read back.
struct Record {
  Submission submission;
  std::vector<Attempt> attempts;
};

// Binds values in the order of their columns.
class Binder {
 public:
  Binder(SQLite::Database& database, const std::string& sql) : statement_(database, sql) {}
  ~Binder() { statement_.exec(); }

  Binder& Int(int64_t value) {
    statement_.bind(++column_, value);
    return *this;
  }
  Binder& Text(const std::string& value) {
    statement_.bind(++column_, value);
    return *this;
  }
  Binder& Blob(std::string_view value) {
    statement_.bind(++column_, value.data(), static_cast<int>(value.size()));
    return *this;
  }
  Binder& Null() {
    statement_.bind(++column_);
    return *this;
  }

 private:
  SQLite::Statement statement_;
  int column_ = 0;
};

// Writes records as version 1 did.
class Version1 {
 public:
  explicit Version1(const std::string& path)
      : database_(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE) {
    database_.exec(kSchemaVersion1);
    database_.exec(absl::StrCat("PRAGMA application_id = ", sqlite::kApplicationId));
    database_.exec("PRAGMA user_version = 1");
  }

  void Write(const Record& record) {
    const Submission& s = record.submission;
    ++seq_;
    WriteSubmission(s);
    if (!s.request_id.empty()) {
      Insert("request_ids", 4).Text(s.scope.tenant).Int(Account(s)).Text(s.request_id).Int(seq_);
    }
    if (s.holds_hash) {
      Insert("hash_holds", 5)
          .Text(s.scope.tenant)
          .Int(Account(s))
          .Int(s.hash_version)
          .Blob(Hash(s))
          .Int(seq_);
    }
    for (const Attempt& attempt : record.attempts) {
      WriteAttempt(s, attempt);
    }
    for (int64_t revision = 1; revision <= s.revision; ++revision) {
      Insert("events", 11)
          .Int(seq_)
          .Int(revision)
          .Int(EncodeTime(s.update_time))
          .Int(Name("created"))
          .Int(static_cast<int64_t>(s.state))
          .Int(0)
          .Int(Name("worker"))
          .Text("")
          .Text("")
          .Int(0)
          .Int(0);
    }
  }

 private:
  Binder Insert(const std::string& table, int columns) {
    std::string sql = absl::StrCat("INSERT INTO ", table, " VALUES (?");
    for (int i = 1; i < columns; ++i) {
      absl::StrAppend(&sql, ", ?");
    }
    return Binder(database_, sql + ")");
  }

  int64_t Name(const std::string& text) {
    if (text.empty()) {
      return 0;
    }
    const auto [entry, added] = names_.emplace(text, static_cast<int64_t>(names_.size() + 1));
    if (added) {
      Insert("names", 2).Int(entry->second).Text(text);
    }
    return entry->second;
  }
  int64_t Account(const Submission& s) { return Name(s.scope.upstream_account); }
  static std::string_view Hash(const Submission& s) {
    return {reinterpret_cast<const char*>(s.request_hash.bytes.data()),
            s.request_hash.bytes.size()};
  }

  void WriteSubmission(const Submission& s) {
    const auto id = EncodeId(s.id).value();
    const std::string request = EncodeRequest(s.spec, s.variation);
    const std::string labels = EncodeLabels(s.labels);
    const int64_t account = Account(s);
    const int64_t owner = Name(s.lease_owner);
    Binder row = Insert("submissions", 46);
    row.Int(seq_)
        .Blob({reinterpret_cast<const char*>(id.data()), id.size()})
        .Text(s.scope.tenant)
        .Int(account)
        .Blob(request)
        .Blob(Hash(s))
        .Int(s.hash_version)
        .Text(s.request_id)
        .Int(static_cast<int64_t>(s.dedupe_mode))
        .Int(absl::ToInt64Microseconds(s.dedupe_window))
        .Blob(labels)
        .Blob("")
        .Int(EncodeTime(s.create_time))
        .Int(static_cast<int64_t>(s.state))
        .Int(s.revision)
        .Text(s.task_id.value())
        .Int(s.request_id_count)
        .Int(s.anonymous_caller ? 1 : 0)
        .Int(static_cast<int64_t>(s.ambiguity_policy))
        .Int(s.holds_hash ? 1 : 0)
        .Blob("");
    if (s.failure.has_value()) {
      row.Int(static_cast<int64_t>(s.failure->reason))
          .Text(s.failure->message)
          .Int(s.failure->http_status)
          .Int(s.failure->retryable ? 1 : 0)
          .Int(EncodeTime(s.failure->reopen_time));
    } else {
      row.Null().Null().Null().Null().Null();
    }
    for (const absl::Time time :
         {s.update_time, s.submit_time, s.submit_deadline_time, s.next_attempt_time,
          s.dedupe_expire_time, s.cancel_request_time}) {
      row.Int(EncodeTime(time));
    }
    for (const int64_t number :
         {s.run, s.attempt_count, s.run_attempts, s.run_counted_posts, s.run_trusted_refusals,
          s.failed_runs, s.unsettled_attempts, s.resubmitted_once ? 1 : 0, s.upstream_posts_sent,
          s.charges_min, s.charges_max}) {
      row.Int(number);
    }
    row.Int(owner).Int(s.epoch).Int(EncodeTime(s.lease_expire_time));
  }

  void WriteAttempt(const Submission& s, const Attempt& a) {
    const std::string task_ids = EncodeTaskIds(a.task_ids);
    const int64_t url = Name(a.base_url);
    const int64_t credential = Name(a.credential_fingerprint);
    const int64_t replica = Name(a.replica);
    Insert("attempts", 16)
        .Int(seq_)
        .Int(a.number)
        .Int(a.run)
        .Int(static_cast<int64_t>(a.outcome))
        .Int(EncodeTime(a.start_time))
        .Int(EncodeTime(a.end_time))
        .Int(a.http_status)
        .Text(a.upstream_code)
        .Text(a.upstream_message)
        .Text(a.upstream_request_id)
        .Blob(task_ids)
        .Text(absl::StrCat("\x01-", a.run))
        .Int(url)
        .Int(credential)
        .Int(replica)
        .Int(a.epoch);
    for (const TaskId& task_id : a.task_ids) {
      Insert("attempt_tasks", 4).Text(s.scope.tenant).Text(task_id.value()).Int(seq_).Int(a.number);
    }
  }

  SQLite::Database database_;
  std::map<std::string, int64_t> names_;
  int64_t seq_ = 0;
};

class SqliteMigration : public testing::Test {
 protected:
  Record NewRecord(const std::string& prompt, SubmissionState state) {
    const NewSubmission request = MakeRequest(ids_.Next(kThen), prompt);
    Record record;
    Submission& s = record.submission;
    s = CreateSubmission(request, kThen).submission;
    s.request_id = "req-" + prompt;
    s.request_id_count = 1;
    s.anonymous_caller = false;
    s.state = state;
    s.holds_hash = state == kPending || state == kDispatching || state == kSubmitted ||
                   state == kOutcomeUnknown;
    s.next_attempt_time = state == kPending ? kThen + absl::Seconds(3) : absl::InfinitePast();
    if (state == kFailed) {
      s.failure = Failure{.reason = ErrorReason::kUpstreamUnavailable,
                          .message = "no",
                          .http_status = 500,
                          .retryable = true,
                          .reopen_time = kThen + absl::Seconds(30)};
      s.failed_runs = 1;
    }
    return record;
  }

  // One more attempt of the record; `counted` says whether charges_max still counts it.
  static void AddAttempt(Record& record, AttemptOutcome outcome, int http_status, std::string code,
                         bool counted) {
    Submission& s = record.submission;
    ++s.attempt_count;
    ++s.run_attempts;
    ++s.epoch;
    ++s.revision;
    s.upstream_posts_sent += outcome == AttemptOutcome::kNotSent ? 0 : 1;
    s.charges_max += counted ? 1 : 0;
    s.charges_min += outcome == AttemptOutcome::kAccepted ? 1 : 0;
    s.unsettled_attempts += outcome == AttemptOutcome::kAmbiguous ? 1 : 0;
    Attempt attempt{.number = s.attempt_count,
                    .run = 1,
                    .outcome = outcome,
                    .start_time = kThen,
                    .end_time = kThen + absl::Seconds(1),
                    .http_status = http_status,
                    .upstream_code = std::move(code),
                    .idempotency_key = s.id.value() + "-1",
                    .base_url = "https://api.upstream.example",
                    .credential_fingerprint = "sha256:1f0c9b",
                    .replica = "ledger-0",
                    .epoch = s.epoch,
                    .may_be_charged = counted};
    if (outcome == AttemptOutcome::kInFlight) {
      attempt.end_time = absl::InfinitePast();
      s.lease_owner = "ledger-0";
      s.lease_expire_time = kThen + absl::Seconds(90);
    }
    if (outcome == AttemptOutcome::kAccepted) {
      attempt.task_ids = {TaskId("task-1"), TaskId("task-2")};
      s.task_id = TaskId("task-1");
      s.submit_time = kThen;
      s.dedupe_expire_time = kThen + absl::Hours(24);
    }
    record.attempts.push_back(std::move(attempt));
  }

  // Rows in every state; refusals of every kind among them.
  std::map<std::string, Record> WriteVersion1() {
    using enum AttemptOutcome;
    std::map<std::string, Record> records;
    const auto add = [&](const std::string& prompt, SubmissionState state) -> Record& {
      return records[prompt] = NewRecord(prompt, state);
    };
    add("new", kPending);
    AddAttempt(add("limited", kPending), kRefusedTransient, 429, "429", false);
    AddAttempt(records["limited"], kNotSent, 0, "connect_failed", false);
    AddAttempt(add("out", kDispatching), kInFlight, 0, "", true);
    AddAttempt(add("done", kSubmitted), kRefusedTransient, 400, "get_channel_failed", false);
    AddAttempt(records["done"], kAccepted, 200, "", true);
    AddAttempt(add("refused", kFailed), kRefused, 422, "invalid", false);
    AddAttempt(add("envelope", kFailed), kRefusedTransient, 500, "server_error", true);
    AddAttempt(add("busy", kFailed), kRefusedTransient, 503, "idempotency_unavailable", false);
    // The envelope of the one was trusted, the other's inner code was a refusal of its own.
    AddAttempt(add("plain", kFailed), kRefusedTransient, 200, "other", false);
    AddAttempt(add("unknown", kOutcomeUnknown), kAmbiguous, 504, "timeout", true);
    add("cancelled", kCancelled);
    AddAttempt(add("abandoned", kAbandoned), kAmbiguous, 504, "timeout", true);
    records["abandoned"].submission.dedupe_expire_time = kThen + absl::Hours(24);
    Version1 database(directory_.File("ledger.db"));
    for (const auto& [prompt, record] : records) {
      database.Write(record);
    }
    return records;
  }

  // The same records, as version 2 left them.
  std::map<std::string, Record> WriteVersion2() {
    std::map<std::string, Record> records = WriteVersion1();
    SQLite::Database database(directory_.File("ledger.db"), SQLite::OPEN_READWRITE);
    database.exec(kSchemaVersion2);
    database.exec("PRAGMA user_version = 2");
    return records;
  }

  std::unique_ptr<WorkflowStore> Open() {
    auto store = SqliteWorkflowStore::Open(
        {.path = directory_.File("ledger.db"), .clock = &clock_, .logger = &logger_});
    EXPECT_TRUE(store.ok()) << store.status();
    return *std::move(store);
  }
  NewSubmission RequestOf(const std::string& prompt, std::string request_id = "") {
    NewSubmission request = MakeRequest(ids_.Next(clock_.Now()), prompt);
    request.request_id = std::move(request_id);
    return request;
  }

  TemporaryDirectory directory_;
  fakes::ManualClock clock_;
  NullLogger logger_;
  std::unique_ptr<RandomSource> random_ = NewSystemRandomSource();
  SubmissionIdGenerator ids_{random_.get()};
};

TEST_F(SqliteMigration, EveryRecordOfVersion1ReadsBackRight) {
  const std::map<std::string, Record> records = WriteVersion1();
  for (int opening = 1; opening <= 2; ++opening) {
    const std::unique_ptr<WorkflowStore> store = Open();
    EXPECT_EQ(store->Info().schema_version, sqlite::kSchemaVersion);
    for (const auto& [prompt, record] : records) {
      SCOPED_TRACE(prompt);
      const auto found = CallGet(*store, {.key = record.submission.id, .with_attempts = true});
      ASSERT_TRUE(found.ok()) << found.status();
      EXPECT_EQ(found->submission, record.submission);
      EXPECT_EQ(found->attempts, record.attempts);
      const auto events = CallListEvents(*store, {.id = record.submission.id});
      ASSERT_TRUE(events.ok());
      EXPECT_EQ(static_cast<int64_t>(events->size()), record.submission.revision);
    }
    store->Shutdown();
  }
}

TEST_F(SqliteMigration, WhatVersion1WroteGoesOn) {
  std::map<std::string, Record> records = WriteVersion1();
  const std::unique_ptr<WorkflowStore> store = Open();
  const auto id_of = [&](const char* prompt) { return records[prompt].submission.id; };
  EXPECT_EQ(CallSubmit(*store, {.request = RequestOf("new")})->submission.id, id_of("new"));
  EXPECT_EQ(CallSubmit(*store, {.request = RequestOf("done", "req-done")})->dedupe,
            DedupeKind::kReplayed);
  EXPECT_TRUE(CallGet(*store, {.key = TaskId("task-2")}).ok());
  // An abandoned content is still known.
  EXPECT_FALSE(CallSubmit(*store, {.request = RequestOf("abandoned")}).ok());
  EXPECT_EQ(CallSubmit(*store, {.request = RequestOf("abandoned", "another")})
                ->submission.possible_duplicate_of,
            id_of("abandoned"));
  EXPECT_EQ(CallExpireAllLeases(*store, "ledger-1").value(), 1);
  EXPECT_EQ(CallGet(*store, {.key = id_of("out")})->submission.state, kOutcomeUnknown);
  const auto resolved =
      CallApply(*store, id_of("unknown"), Resolution{.kind = DeclareNotAccepted{}});
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_EQ(resolved->charges_max, 0);
  EXPECT_EQ(CallCancel(*store, {.key = id_of("limited")})->outcome, CancelOutcome::kCancelledFree);
}

TEST_F(SqliteMigration, WhatVersion2WroteIsCounted) {
  std::map<std::string, Record> records = WriteVersion2();
  std::map<SubmissionState, int64_t> expected;
  for (const auto& [prompt, record] : records) {
    ++expected[record.submission.state];
  }
  for (int opening = 1; opening <= 2; ++opening) {
    const std::unique_ptr<WorkflowStore> store = Open();
    const StoreCounts counts = CallCount(*store).value();
    EXPECT_EQ(counts.by_state, expected);
    EXPECT_EQ(counts.oldest_pending_create_time, kThen);
    store->Shutdown();
  }
}

// charges_max must stay at least what was accepted, whatever comes to light.
TEST_F(SqliteMigration, ALateProofAboutAnAttemptOfVersion1CountsItsChargeOnce) {
  std::map<std::string, Record> records = WriteVersion1();
  const std::unique_ptr<WorkflowStore> store = Open();
  for (const char* prompt : {"refused", "envelope", "busy", "plain", "limited", "unknown"}) {
    SCOPED_TRACE(prompt);
    const Record& record = records[prompt];
    const auto proved = CallApply(*store, record.submission.id,
                                  MakeAccepted(record.attempts[0], absl::StrCat("t-", prompt)));
    ASSERT_TRUE(proved.ok()) << proved.status();
    EXPECT_EQ(proved->state, kSubmitted);
    EXPECT_EQ(proved->charges_min, 1);
    EXPECT_EQ(proved->charges_max, 1);
  }
}

}  // namespace
}  // namespace genledger
