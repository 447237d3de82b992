// What the store makes of SQLSTATEs, those among them that only other engines send.
#include "storage/postgres/sql_error.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/status/status.h"

namespace genledger::postgres {
namespace {

TEST(SqlError, LostRacesMayRunAgain) {
  for (const char* const sqlstate : {"40001", "40P01", "40002", "40000", "23505", "22012"}) {
    SCOPED_TRACE(sqlstate);
    const absl::Status status = SqlError(sqlstate, "a race");
    EXPECT_TRUE(IsLostRace(status));
    EXPECT_FALSE(IsInDoubt(status));
    EXPECT_TRUE(absl::IsUnavailable(status));
  }
}

TEST(SqlError, ACommitThatMayHaveHappenedIsNoLostRace) {
  for (const char* const sqlstate : {"40003", "08007"}) {
    SCOPED_TRACE(sqlstate);
    const absl::Status status = SqlError(sqlstate, "who knows");
    EXPECT_TRUE(IsInDoubt(status));
    EXPECT_FALSE(IsLostRace(status));
    EXPECT_TRUE(absl::IsUnavailable(status));
  }
}

TEST(SqlError, WhatTheOperatorOrTheServerMayMendIsUnavailable) {
  for (const char* const sqlstate : {"25P03", "42501", "42P01", "25006", "57P01"}) {
    EXPECT_TRUE(absl::IsUnavailable(SqlError(sqlstate, "not now"))) << sqlstate;
  }
  EXPECT_TRUE(absl::IsInternal(SqlError("42703", "a bug")));
  EXPECT_TRUE(IsNotGranted(SqlError("42501", "permission denied for table attempts")));
  EXPECT_TRUE(IsNotGranted(SqlError("42P01", "relation \"attempts\" does not exist")));
  EXPECT_FALSE(IsNotGranted(SqlError("25006", "a standby")));
}

TEST(SqlError, OtherFailuresAreNeitherOfThem) {
  for (const char* const sqlstate : {"", "08006", "25006", "53300", "57P01", "42601", "0A000"}) {
    SCOPED_TRACE(sqlstate);
    const absl::Status status = SqlError(sqlstate, "something else");
    EXPECT_FALSE(IsLostRace(status));
    EXPECT_FALSE(IsInDoubt(status));
    EXPECT_EQ(IsUnsupported(status),
              std::string(sqlstate) == "42601" || std::string(sqlstate) == "0A000");
  }
}

}  // namespace
}  // namespace genledger::postgres
