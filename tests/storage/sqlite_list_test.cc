// What SQLite's lists read to answer: the indexes of a state, whatever else there is.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "SQLiteCpp/Database.h"
#include "SQLiteCpp/Statement.h"
#include "absl/strings/str_cat.h"
#include "service/base/ids.h"
#include "service/base/random_source.h"
#include "service/domain/list_filter_parser.h"
#include "storage/sqlite/sql.h"
#include "storage/sqlite/sqlite_workflow_store.h"
#include "tests/fakes/manual_clock.h"
#include "tests/storage/null_logger.h"
#include "tests/storage/store_calls.h"
#include "tests/storage/store_requests.h"
#include "tests/storage/temporary_directory.h"

namespace genledger {
namespace {

constexpr int kOfEachState = 8;

class SqliteList : public testing::Test {
 protected:
  SqliteList() {
    auto store = SqliteWorkflowStore::Open(
        {.path = directory_.File("ledger.db"), .clock = &clock_, .logger = &logger_});
    EXPECT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  SubmitOutcome Submit(const std::string& prompt, bool claimed) {
    clock_.Advance(absl::Milliseconds(1));
    SubmitCommand command{.request = MakeRequest(ids_.Next(clock_.Now()), prompt)};
    if (claimed) {
      command.claim = MakeClaim();
    }
    return CallSubmit(*store_, command).value();
  }
  // What is finished lies before, between and behind what is not.
  void Fill() {
    for (int i = 0; i < kOfEachState; ++i) {
      for (int n = 0; n < 10; ++n) {
        const SubmitOutcome done = Submit(absl::StrCat("done ", i, "-", n), true);
        CallApply(*store_, done.submission.id,
                  MakeFinish(*done.started_attempt, AttemptClass::kRefused))
            .IgnoreError();
      }
      Submit(absl::StrCat("pending ", i), false);
      Submit(absl::StrCat("out ", i), true);
      const SubmitOutcome unknown = Submit(absl::StrCat("unknown ", i), true);
      CallApply(*store_, unknown.submission.id,
                MakeFinish(*unknown.started_attempt, AttemptClass::kAmbiguous))
          .IgnoreError();
      Submit(absl::StrCat("more ", i), true);
    }
  }
  std::string PlanOf(const std::string& sql) {
    SQLite::Database database(directory_.File("ledger.db"));
    SQLite::Statement plan(database, "EXPLAIN QUERY PLAN " + sql);
    std::string steps;
    while (plan.executeStep()) {
      steps += plan.getColumn("detail").getString() + "\n";
    }
    return steps;
  }

  TemporaryDirectory directory_;
  fakes::ManualClock clock_;
  NullLogger logger_;
  std::unique_ptr<RandomSource> random_ = NewSystemRandomSource();
  SubmissionIdGenerator ids_{random_.get()};
  std::unique_ptr<WorkflowStore> store_;
};

TEST_F(SqliteList, AStateIsListedWithoutMeetingAnythingElse) {
  Fill();
  for (const std::string state : {"PENDING", "DISPATCHING", "OUTCOME_UNKNOWN"}) {
    const size_t expected = state == "DISPATCHING" ? 2 * kOfEachState : kOfEachState;
    for (const std::string& rest :
         {std::string(), std::string(" AND labels.team = trailers"),
          std::string(" AND (labels.team = trailers OR labels.team = none) AND -request_id:*")}) {
      for (const ListOrder order : {ListOrder::kCreateTime, ListOrder::kUpdateTime}) {
        for (const bool descending : {true, false}) {
          for (const auto& tenant : {std::optional<std::string>(kTestTenant), {}}) {
            const auto page = CallList(
                *store_, {.tenant = tenant,
                          .filter = ParseListFilter(absl::StrCat("state = ", state, rest)).value(),
                          .order_by = order,
                          .descending = descending,
                          .limit = 50,
                          .scan_rows_max = 1});
            ASSERT_TRUE(page.ok()) << page.status();
            EXPECT_EQ(page->submissions.size(), expected) << state << rest;
            EXPECT_FALSE(page->has_more);
          }
        }
      }
    }
  }
}

TEST_F(SqliteList, MoreOfAStateThanAPageLooksAtIsPagedThroughInOrder) {
  Fill();
  ListQuery query{.filter = ParseListFilter("state = DISPATCHING AND request_id = none").value(),
                  .limit = 2,
                  .scan_rows_max = 3};
  int pages = 1;
  for (ListPage page = CallList(*store_, query).value(); page.has_more; ++pages) {
    query.after = page.next;
    page = CallList(*store_, query).value();
    EXPECT_TRUE(page.submissions.empty());
  }
  EXPECT_EQ(pages, 6);  // three looked at a page, of sixteen
}

TEST_F(SqliteList, StatesAreReadFromTheirIndexes) {
  for (const char* sql : {sqlite::sql::kSelectPendingKeys, sqlite::sql::kSelectDispatchingKeys,
                          sqlite::sql::kSelectUnknownKeys}) {
    EXPECT_NE(PlanOf(sql).find("USING COVERING INDEX"), std::string::npos) << PlanOf(sql);
  }
  for (const char* sql :
       {sqlite::sql::kListPendingAscending, sqlite::sql::kListPendingDescending,
        sqlite::sql::kListUnknownAscending, sqlite::sql::kListUnknownDescending}) {
    EXPECT_NE(PlanOf(sql).find("tenant=? AND id>? AND id<?"), std::string::npos) << PlanOf(sql);
    EXPECT_EQ(PlanOf(sql).find("TEMP B-TREE"), std::string::npos) << PlanOf(sql);
  }
}

TEST_F(SqliteList, ClaimsReadTheirIndexes) {
  for (const char* sql :
       {sqlite::sql::kSelectDue, sqlite::sql::kSelectUnknownDue, sqlite::sql::kCountDue,
        sqlite::sql::kCountUnknownDue, sqlite::sql::kSelectPolicyDue, sqlite::sql::kSelectLeases}) {
    EXPECT_EQ(PlanOf(sql).find("TEMP B-TREE"), std::string::npos) << PlanOf(sql);
    EXPECT_NE(PlanOf(sql).find("<?"), std::string::npos) << PlanOf(sql);
  }
}

}  // namespace
}  // namespace genledger
