// What the writer relies on when a command fails or meets a record that has moved on.
#include "storage/sqlite/sqlite_transaction.h"

#include <gtest/gtest.h>

#include <memory>

#include "SQLiteCpp/Database.h"
#include "service/base/ids.h"
#include "service/base/random_source.h"
#include "storage/sqlite/schema.h"
#include "storage/store_operations.h"
#include "tests/fakes/manual_clock.h"
#include "tests/storage/store_requests.h"

namespace genledger::sqlite {
namespace {

// A database with our tables, for as long as the test.
struct MigratedDatabase {
  MigratedDatabase() { EXPECT_TRUE(Migrate(database).ok()); }
  SQLite::Database database{":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
};

class SqliteTransactionTest : public testing::Test {
 protected:
  // PENDING and due.
  Submission Submit() {
    records_.StartCommand();
    const absl::StatusOr<SubmitOutcome> outcome = RunSubmit(
        records_, {.request = MakeRequest(ids_.Next(clock_.Now()), "a cat")}, clock_.Now());
    EXPECT_TRUE(outcome.ok()) << outcome.status();
    return outcome->submission;
  }
  ClaimDueOutcome ClaimDue() {
    records_.StartCommand();
    const absl::StatusOr<ClaimDueOutcome> outcome =
        RunClaimDue(records_, {.upstream_account = kTestAccount, .claim = MakeClaim(), .limit = 1},
                    clock_.Now());
    EXPECT_TRUE(outcome.ok()) << outcome.status();
    return *outcome;
  }

  fakes::ManualClock clock_;
  const std::unique_ptr<RandomSource> random_ = NewSeededRandomSource(1);
  SubmissionIdGenerator ids_{random_.get()};
  MigratedDatabase migrated_;
  SqliteTransaction records_{migrated_.database};
};

TEST_F(SqliteTransactionTest, ARecordThatHasMovedOnIsNeitherUpdatedNorDeleted) {
  const Submission stored = Submit();
  Submission stale = stored;
  ++stale.revision;
  Submission after = stale;
  ++after.revision;
  after.state = SubmissionState::kCancelled;
  after.holds_hash = false;
  EXPECT_EQ(records_.Update(stale, {.submission = after}).code(), absl::StatusCode::kInternal);
  EXPECT_EQ(records_.Remove(stale, {}, {}).code(), absl::StatusCode::kInternal);
}

// The writer rolls a command back to its savepoint, and goes on with what it remembers.
TEST_F(SqliteTransactionTest, WhatAClaimThatWasRolledBackTookIsStillDue) {
  const Submission submission = Submit();
  migrated_.database.exec("SAVEPOINT command");
  ASSERT_EQ(ClaimDue().claimed.size(), 1U);
  migrated_.database.exec("ROLLBACK TO command");
  records_.RolledBack();
  const absl::StatusOr<absl::Time> next = records_.NextDueTime(kTestAccount);
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_EQ(*next, submission.next_attempt_time);
  EXPECT_EQ(ClaimDue().claimed.size(), 1U);
}

// What the writer remembers of a submission that is out is what is in its rows.
TEST_F(SqliteTransactionTest, ARememberedRecordIsTheOneThatIsStored) {
  NewSubmission request = MakeRequest(ids_.Next(clock_.Now()), "a cat");
  request.variation = "again";
  request.request_id = "req-1";
  request.labels = {{"team", "studio"}, {"empty", ""}};
  request.actor = "studio-worker";
  records_.StartCommand();
  const absl::StatusOr<SubmitOutcome> created =
      RunSubmit(records_, {.request = request, .claim = MakeClaim()}, clock_.Now());
  ASSERT_TRUE(created.ok()) << created.status();
  const auto remembered = records_.FindById(request.id);
  const auto remembered_attempts = records_.FindAttempts(request.id);
  SqliteTransaction stranger(migrated_.database);
  const auto stored = stranger.FindById(request.id);
  const auto stored_attempts = stranger.FindAttempts(request.id);
  ASSERT_TRUE(remembered.ok() && stored.ok() && stored->has_value());
  EXPECT_EQ(*remembered, *stored);
  ASSERT_TRUE(remembered_attempts.ok() && stored_attempts.ok());
  EXPECT_EQ(stored_attempts->size(), 1U);
  EXPECT_EQ(*remembered_attempts, *stored_attempts);
}

TEST_F(SqliteTransactionTest, WhatHasChangedIsReadAgain) {
  records_.StartCommand();
  const absl::StatusOr<SubmitOutcome> created = RunSubmit(
      records_, {.request = MakeRequest(ids_.Next(clock_.Now()), "a cat"), .claim = MakeClaim()},
      clock_.Now());
  ASSERT_TRUE(created.ok()) << created.status();
  records_.StartCommand();
  const absl::StatusOr<Submission> accepted =
      RunApply(records_,
               {.key = created->submission.id,
                .transition = MakeAccepted(*created->started_attempt, "task-1")},
               clock_.Now());
  ASSERT_TRUE(accepted.ok()) << accepted.status();
  records_.StartCommand();
  const auto found = records_.FindById(accepted->id);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(*found, *accepted);
  const auto attempts = records_.FindAttempts(accepted->id);
  ASSERT_TRUE(attempts.ok());
  EXPECT_EQ(attempts->at(0).outcome, AttemptOutcome::kAccepted);
}

TEST_F(SqliteTransactionTest, WhatWasRolledBackIsNotRemembered) {
  migrated_.database.exec("SAVEPOINT command");
  records_.StartCommand();
  const absl::StatusOr<SubmitOutcome> created = RunSubmit(
      records_, {.request = MakeRequest(ids_.Next(clock_.Now()), "a cat"), .claim = MakeClaim()},
      clock_.Now());
  ASSERT_TRUE(created.ok()) << created.status();
  migrated_.database.exec("ROLLBACK TO command");
  records_.RolledBack();
  const auto found = records_.FindById(created->submission.id);
  ASSERT_TRUE(found.ok());
  EXPECT_FALSE(found->has_value());
}

}  // namespace
}  // namespace genledger::sqlite
