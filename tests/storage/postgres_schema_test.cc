// What the PostgreSQL schema keeps to, so that its tables can be divided by tenant: over databases
// of their own, or over the nodes of an engine that distributes them (deploy/SCALING.md).
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "service/base/clock.h"
#include "service/base/ids.h"
#include "service/base/random_source.h"
#include "storage/postgres/postgres_workflow_store.h"
#include "tests/fakes/manual_clock.h"
#include "tests/storage/null_logger.h"
#include "tests/storage/private_postgres.h"
#include "tests/storage/store_calls.h"
#include "tests/storage/store_requests.h"

namespace genledger {
namespace {

// store_meta is about the database, not about anybody's submissions.
#define OUR_INDEXES                                                  \
  "FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid "           \
  "WHERE c.relnamespace = 'public'::regnamespace AND i.indisunique " \
  "AND c.relname <> 'store_meta' "

class PostgresSchema : public testing::Test {
 protected:
  void SetUp() override {
    database_ = PrivatePostgres::Shared().NewDatabase();
    store_ = PostgresWorkflowStore::Open({.location = PrivatePostgres::Shared().Location(database_),
                                          .clock = &clock_,
                                          .logger = &logger_});
    ASSERT_TRUE(store_.ok()) << store_.status();
  }

  // A store whose statements the server logs.
  std::unique_ptr<WorkflowStore> OpenLogged(Clock* lease_clock) {
    Ask(absl::StrCat("ALTER DATABASE ", database_, " SET log_statement = 'all'"));
    return *PostgresWorkflowStore::Open({.location = PrivatePostgres::Shared().Location(database_),
                                         .clock = &clock_,
                                         .logger = &logger_,
                                         .lease_clock = lease_clock});
  }

  // Rows are lines.
  std::string Ask(const std::string& sql) { return PrivatePostgres::Shared().Psql(database_, sql); }

 private:
  SystemClock clock_;
  NullLogger logger_;
  std::string database_;
  absl::StatusOr<std::unique_ptr<WorkflowStore>> store_;
};

TEST_F(PostgresSchema, EveryUniqueKeyStartsWithTenant) {
  EXPECT_EQ(Ask("SELECT count(*) > 0 " OUR_INDEXES), "t");
  EXPECT_EQ(Ask("SELECT i.indexrelid::regclass " OUR_INDEXES
                "AND (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.oid "
                "AND a.attnum = i.indkey[0]) IS DISTINCT FROM 'tenant'"),
            "");
}

TEST_F(PostgresSchema, EveryTableOfRecordsHasAPrimaryKey) {
  EXPECT_EQ(Ask("SELECT c.relname FROM pg_class c WHERE c.relkind = 'r' "
                "AND c.relnamespace = 'public'::regnamespace AND NOT EXISTS "
                "(SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)"),
            "");
}

TEST_F(PostgresSchema, NothingBindsTablesTogether) {
  EXPECT_EQ(Ask("SELECT conname FROM pg_constraint WHERE contype IN ('f', 'x', 't')"), "");
  EXPECT_EQ(Ask("SELECT relname FROM pg_class WHERE relkind = 'S' "
                "AND relnamespace = 'public'::regnamespace"),
            "");
}

// Every kind of row that ClaimDue and Purge lock.
TEST_F(PostgresSchema, StatementsThatLockNameTheirTenant) {
  fakes::ManualClock clock;
  const std::unique_ptr<RandomSource> random = NewSystemRandomSource();
  SubmissionIdGenerator ids(random.get());
  const std::unique_ptr<WorkflowStore> store = OpenLogged(&clock);
  const auto submit = [&](const std::string& prompt, AmbiguityPolicy policy, bool claim) {
    NewSubmission request = MakeRequest(ids.Next(clock.Now()), prompt);
    request.scope.tenant = "tenant of " + prompt;
    request.ambiguity_policy = policy;
    SubmitCommand command{.request = request};
    if (claim) {
      command.claim = MakeClaim();
    }
    return CallSubmit(*store, command).value();
  };
  submit("a lease that runs out", AmbiguityPolicy::kHold, true);
  submit("time that runs out", AmbiguityPolicy::kHold, false);
  clock.Advance(absl::Hours(48));
  const ClaimDueCommand claim{.upstream_account = kTestAccount, .claim = MakeClaim(), .limit = 9};
  EXPECT_EQ(CallClaimDue(*store, claim)->changed.size(), 2U);
  submit("due", AmbiguityPolicy::kHold, false);
  EXPECT_EQ(CallClaimDue(*store, claim)->claimed.size(), 1U);
  const SubmitOutcome unknown = submit("unknown", AmbiguityPolicy::kFail, true);
  FinishAttempt ambiguous = MakeFinish(*unknown.started_attempt, AttemptClass::kAmbiguous);
  ASSERT_TRUE(CallApply(*store, unknown.submission.id, ambiguous).ok());
  clock.Advance(absl::Hours(48));
  ASSERT_TRUE(CallClaimDue(*store, claim).ok());
  EXPECT_GT(CallPurge(*store, {.finished_before = clock.Now()})->submissions, 0);
  std::ifstream log(PrivatePostgres::Shared().directory() + "/log");
  int locking = 0;
  for (std::string line; std::getline(log, line);) {
    EXPECT_EQ(line.find("RECURSIVE"), std::string::npos) << line;
    if (line.find("execute") == std::string::npos || line.find("FOR UPDATE") == std::string::npos ||
        line.find("store_meta") != std::string::npos) {
      continue;
    }
    ++locking;
    EXPECT_NE(line.find("s.tenant = $"), std::string::npos) << line;
  }
  EXPECT_GE(locking, 4);
}

}  // namespace
}  // namespace genledger

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (!genledger::PrivatePostgres::IsInstalled()) {
    std::fprintf(stderr, "SKIPPED: PostgreSQL 15 is not installed (package postgresql-15)\n");
    return 0;
  }
  return RUN_ALL_TESTS();
}
