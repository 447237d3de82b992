// What the PostgreSQL schema keeps to, so that its tables can be divided by tenant: over databases
// of their own, or over the nodes of an engine that distributes them (deploy/SCALING.md).
#include <gtest/gtest.h>

#include <cstdio>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "service/base/clock.h"
#include "storage/postgres/postgres_workflow_store.h"
#include "tests/storage/null_logger.h"
#include "tests/storage/private_postgres.h"

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
