// What every connection is set to, as SQLite itself tells it.
#include "storage/sqlite/connection.h"

#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "SQLiteCpp/Database.h"
#include "SQLiteCpp/Exception.h"
#include "tests/storage/temporary_directory.h"

namespace genledger::sqlite {
namespace {

class SqliteConnectionTest : public testing::Test {
 protected:
  SqliteConnectionTest() { std::ofstream{path_}; }

  std::unique_ptr<SQLite::Database> Open(ConnectionRole role) {
    absl::StatusOr<std::unique_ptr<SQLite::Database>> database =
        OpenConnection({.path = path_, .role = role});
    EXPECT_TRUE(database.ok()) << database.status();
    return *std::move(database);
  }
  static std::string Pragma(SQLite::Database& database, const std::string& name) {
    return database.execAndGet("PRAGMA " + name).getString();
  }

  const TemporaryDirectory directory_;
  const std::string path_ = directory_.File("ledger.db");
};

TEST_F(SqliteConnectionTest, TheWritersCommitsAreOnTheDiskBeforeTheyReturn) {
  const auto writer = Open(ConnectionRole::kWriter);
  EXPECT_EQ(Pragma(*writer, "synchronous"), "2");  // FULL
  EXPECT_EQ(Pragma(*writer, "journal_mode"), "wal");
  EXPECT_EQ(Pragma(*writer, "wal_autocheckpoint"), "0");
}

TEST_F(SqliteConnectionTest, AReaderCannotWrite) {
  const auto writer = Open(ConnectionRole::kWriter);
  writer->exec("CREATE TABLE facts (fact TEXT)");
  const auto reader = Open(ConnectionRole::kReader);
  EXPECT_THROW(reader->exec("INSERT INTO facts VALUES ('x')"), SQLite::Exception);
}

}  // namespace
}  // namespace genledger::sqlite
