#include "storage/sqlite/state_counts.h"

#include <gtest/gtest.h>

#include <string>

#include "SQLiteCpp/Database.h"
#include "storage/sqlite/schema.h"

namespace genledger::sqlite {
namespace {

using enum SubmissionState;

// A database with our tables, for as long as the test.
struct MigratedDatabase {
  MigratedDatabase() { EXPECT_TRUE(Migrate(database).ok()); }
  SQLite::Database database{":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
};

class StateCountsTest : public testing::Test {
 protected:
  // What another session would start with.
  int64_t Stored(const Scope& scope, SubmissionState state) {
    Names names(migrated_.database);
    return StateCounts(migrated_.database, &names).OfTenant(scope, state);
  }

  MigratedDatabase migrated_;
  Names names_{migrated_.database};
  StateCounts counts_{migrated_.database, &names_};
  const Scope studio_{.tenant = "studio", .upstream_account = "host"};
  const Scope somebody_{.tenant = "somebody", .upstream_account = "host"};
};

TEST_F(StateCountsTest, AGroupReachesTheTableAtItsEnd) {
  counts_.Add(studio_, kPending, 2);
  counts_.Add(somebody_, kPending, 1);
  EXPECT_EQ(counts_.OfTenant(studio_, kPending), 2);
  EXPECT_EQ(counts_.OfAccount("host", kPending), 3);
  EXPECT_EQ(Stored(studio_, kPending), 0);
  counts_.Write();
  EXPECT_EQ(Stored(studio_, kPending), 2);
  counts_.Add(studio_, kPending, -1);
  counts_.Add(studio_, kDispatching, 1);
  counts_.Write();
  counts_.Write();  // nothing is left to write
  EXPECT_EQ(Stored(studio_, kPending), 1);
  EXPECT_EQ(Stored(studio_, kDispatching), 1);
}

TEST_F(StateCountsTest, ACommandThatIsRolledBackDoesNotCount) {
  counts_.StartCommand();
  counts_.Add(studio_, kPending, 1);
  counts_.StartCommand();
  counts_.Add(studio_, kPending, -1);
  counts_.Add(studio_, kDispatching, 1);
  counts_.RollBackCommand();
  EXPECT_EQ(counts_.OfTenant(studio_, kPending), 1);
  EXPECT_EQ(counts_.OfAccount("host", kDispatching), 0);
  counts_.Write();
  EXPECT_EQ(Stored(studio_, kPending), 1);
  EXPECT_EQ(Stored(studio_, kDispatching), 0);
}

TEST_F(StateCountsTest, AGroupThatWasRolledBackLeavesNothingToWrite) {
  counts_.StartGroup();
  counts_.StartCommand();
  counts_.Add(studio_, kPending, 1);
  counts_.StartCommand();
  counts_.Add(studio_, kDispatching, 1);
  counts_.RollBackGroup();
  EXPECT_EQ(counts_.OfTenant(studio_, kPending), 0);
  EXPECT_EQ(counts_.OfAccount("host", kDispatching), 0);
  counts_.Write();
  EXPECT_EQ(Stored(studio_, kPending), 0);
  EXPECT_EQ(Stored(studio_, kDispatching), 0);
}

TEST_F(StateCountsTest, WhatNobodyHasIsZero) {
  EXPECT_EQ(counts_.OfAccount("elsewhere", kPending), 0);
  EXPECT_EQ(counts_.OfTenant(studio_, kPending), 0);
}

TEST_F(StateCountsTest, TheEmptyAccountAndTenantCount) {
  counts_.Add(Scope{}, kFailed, 4);
  counts_.Write();
  EXPECT_EQ(Stored(Scope{}, kFailed), 4);
}

}  // namespace
}  // namespace genledger::sqlite
