// That nothing of a purged submission stays behind in any table.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "SQLiteCpp/Database.h"
#include "absl/strings/str_cat.h"
#include "service/base/ids.h"
#include "service/base/random_source.h"
#include "storage/sqlite/sqlite_workflow_store.h"
#include "tests/fakes/manual_clock.h"
#include "tests/storage/null_logger.h"
#include "tests/storage/store_calls.h"
#include "tests/storage/store_requests.h"
#include "tests/storage/temporary_directory.h"

namespace genledger {
namespace {

class SqlitePurge : public testing::Test {
 protected:
  void Open() {
    auto store = SqliteWorkflowStore::Open(
        {.path = directory_.File("ledger.db"), .clock = &clock_, .logger = &logger_});
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }
  Submission Submit(const std::string& prompt, const std::string& request_id) {
    NewSubmission request = MakeRequest(ids_.Next(clock_.Now()), prompt);
    request.request_id = request_id;
    return CallSubmit(*store_, {.request = request}).value().submission;
  }
  // Claims what is PENDING and ends it.
  void Finish(AttemptClass outcome) {
    const auto claimed = CallClaimDue(
        *store_, {.upstream_account = kTestAccount, .claim = MakeClaim(), .limit = 100});
    for (const ClaimedSubmission& entry : claimed->claimed) {
      const FinishAttempt finish =
          outcome == AttemptClass::kAccepted
              ? MakeAccepted(entry.attempt, "task-" + entry.submission.id.value())
              : MakeFinish(entry.attempt, outcome);
      ASSERT_TRUE(CallApply(*store_, entry.submission.id, finish).ok());
    }
  }
  void Purge(PurgeCommand command) {
    command.rows_max = 10'000;
    ASSERT_TRUE(CallPurge(*store_, command).ok());
  }
  int Rows(const std::string& table) {
    SQLite::Database database(directory_.File("ledger.db"));
    return database.execAndGet("SELECT count(*) FROM " + table).getInt();
  }

  TemporaryDirectory directory_;
  fakes::ManualClock clock_;
  NullLogger logger_;
  std::unique_ptr<RandomSource> random_ = NewSystemRandomSource();
  SubmissionIdGenerator ids_{random_.get()};
  std::unique_ptr<WorkflowStore> store_;
};

TEST_F(SqlitePurge, NothingStaysBehindButTombstonesAndThenNotEvenThose) {
  Open();
  for (int i = 0; i < 8; ++i) {
    const std::string prompt = absl::StrCat("accepted ", i);
    for (int caller = 0; caller <= i % 4; ++caller) {
      Submit(prompt, absl::StrCat("a", i, "-", caller));
    }
  }
  Finish(AttemptClass::kAccepted);
  Submit("accepted 3", "joined after the end");
  Submit("refused", "r-1");
  Finish(AttemptClass::kRefused);
  const Submission holder = Submit("refused", "r-2");
  clock_.Advance(absl::Minutes(1));
  ASSERT_EQ(Submit("refused", "r-1").id, holder.id);  // moves
  Finish(AttemptClass::kRefused);
  clock_.Advance(absl::Minutes(1));
  Submit("refused", "r-2");  // reopens
  Submit("refused", "r-3");
  ASSERT_TRUE(
      CallCancel(*store_, {.tenant = kTestTenant, .key = RequestIdKey{kTestAccount, "r-3"}}).ok());
  Submit("refused", "r-3");  // attached again
  Finish(AttemptClass::kAmbiguous);
  ASSERT_TRUE(CallApply(*store_, holder.id, Resolution{.kind = Abandon{}}).ok());
  clock_.Advance(absl::Hours(1));
  Purge({.finished_before = clock_.Now()});
  for (const char* table :
       {"submissions", "hash_holds", "abandoned_hashes", "attempts", "attempt_tasks", "events",
        "request_ids WHERE seq != 0", "state_counts WHERE count != 0"}) {
    EXPECT_EQ(Rows(table), 0) << table;
  }
  EXPECT_EQ(Rows("tombstones"), Rows("request_ids"));
  EXPECT_EQ(Rows("tombstones"), 24);
  Purge({.tombstones_before = clock_.Now()});
  EXPECT_EQ(Rows("tombstones"), 0);
  EXPECT_EQ(Rows("request_ids"), 0);
}

}  // namespace
}  // namespace genledger
