// The writer's log over a file system that counts and fails: few calls, and the same database.
#include "storage/sqlite/log_buffer_vfs.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstddef>
#include <fstream>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "SQLiteCpp/Database.h"
#include "SQLiteCpp/Exception.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/database_file.h"
#include "tests/storage/fault_vfs.h"
#include "tests/storage/temporary_directory.h"

namespace genledger::sqlite {
namespace {

constexpr int kForEver = std::numeric_limits<int>::max();
constexpr int kRows = 400;
// A page each, and a few more of the tree.
constexpr int kWritesMax = 2 * kRows * 4120 / static_cast<int>(kLogBufferBytesMax);

class LogBufferVfs : public testing::Test {
 protected:
  LogBufferVfs() { writer_->exec("CREATE TABLE rows (number INTEGER PRIMARY KEY, bytes BLOB)"); }

  std::unique_ptr<SQLite::Database> Open(ConnectionRole role) {
    auto opened = OpenConnection({.path = path_, .role = role});
    EXPECT_TRUE(opened.ok()) << opened.status();
    return *std::move(opened);
  }
  // A page each.
  void InsertRows() {
    for (int i = 0; i < kRows; ++i) {
      writer_->exec("INSERT INTO rows (bytes) VALUES (randomblob(3000))");
    }
  }
  static int Count(SQLite::Database& database) {
    return database.execAndGet("SELECT count(*) FROM rows").getInt();
  }
  // By somebody who knows nothing of the buffer.
  int CountAsReader() {
    const std::unique_ptr<SQLite::Database> reader = Open(ConnectionRole::kReader);
    EXPECT_EQ(reader->execAndGet("PRAGMA integrity_check").getString(), "ok");
    return Count(*reader);
  }

  FaultVfs faults_;
  TemporaryDirectory directory_;
  const std::string path_ = directory_.File("ledger.db");
  const std::unique_ptr<DatabaseFile> file_ = *DatabaseFile::Claim(path_);
  const std::unique_ptr<SQLite::Database> writer_ = Open(ConnectionRole::kWriter);
};

TEST_F(LogBufferVfs, ACommitOfManyPagesIsWrittenInFewCalls) {
  writer_->exec("BEGIN");
  InsertRows();
  faults_.Arm(FileFault::kWrite, kWritesMax, kForEver);
  writer_->exec("COMMIT");
  EXPECT_FALSE(faults_.Disarm());
  EXPECT_EQ(CountAsReader(), kRows);
}

TEST_F(LogBufferVfs, WhatATransactionSpillsIntoTheLogIsReadBackFromThere) {
  writer_->exec("PRAGMA cache_size = 10");
  writer_->exec("BEGIN");
  InsertRows();
  EXPECT_EQ(Count(*writer_), kRows);
  EXPECT_EQ(CountAsReader(), 0);
  writer_->exec("ROLLBACK");
  EXPECT_EQ(Count(*writer_), 0);
  writer_->exec("BEGIN");
  InsertRows();
  writer_->exec("UPDATE rows SET bytes = randomblob(2000)");
  writer_->exec("COMMIT");
  EXPECT_EQ(CountAsReader(), kRows);
}

// A log as SQLite opens it.
class OpenLog {
 public:
  explicit OpenLog(const std::string& path)
      : vfs_(sqlite3_vfs_find(LogBufferVfsName().c_str())),
        file_(static_cast<size_t>(vfs_->szOsFile)) {
    EXPECT_EQ(vfs_->xOpen(vfs_, path.c_str(), file(),
                          SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_WAL, nullptr),
              SQLITE_OK);
  }
  ~OpenLog() { file()->pMethods->xClose(file()); }

  void Write(const std::string& bytes) {
    EXPECT_EQ(file()->pMethods->xWrite(file(), bytes.data(), static_cast<int>(bytes.size()), 0),
              SQLITE_OK);
  }
  void Sync() { EXPECT_EQ(file()->pMethods->xSync(file(), SQLITE_SYNC_NORMAL), SQLITE_OK); }
  std::string Read(size_t size) {
    std::string bytes(size, '\0');
    EXPECT_EQ(file()->pMethods->xRead(file(), bytes.data(), static_cast<int>(size), 0), SQLITE_OK);
    return bytes;
  }

 private:
  sqlite3_file* file() { return reinterpret_cast<sqlite3_file*>(file_.data()); }

  sqlite3_vfs* const vfs_;
  std::vector<std::max_align_t> file_;  // more than enough
};

// Its place in the log may be another's by then.
TEST_F(LogBufferVfs, WhatWasNeverSyncedIsNotWrittenWhenTheLogIsClosed) {
  // The log takes its file mode from the database.
  std::ofstream(directory_.File("database"));
  const std::string path = directory_.File("database-wal");
  OpenLog left(path);
  {
    OpenLog given_up(path);
    given_up.Write("given up");
    left.Write("a commit");
    left.Sync();
  }
  EXPECT_EQ(left.Read(8), "a commit");
}

TEST_F(LogBufferVfs, AWriteThatFailsFailsTheCommitAndTheNextOneSucceeds) {
  for (const FileFault fault : {FileFault::kWrite, FileFault::kDiskFull, FileFault::kSync}) {
    SCOPED_TRACE(FileFaultName(fault));
    const int before = CountAsReader();
    writer_->exec("BEGIN");
    InsertRows();
    faults_.Arm(fault, /*nth=*/1, kForEver);
    EXPECT_THROW(writer_->exec("COMMIT"), SQLite::Exception);
    EXPECT_TRUE(faults_.Disarm());
    EXPECT_EQ(CountAsReader(), before);
    writer_->tryExec("ROLLBACK");
    writer_->exec("BEGIN");
    InsertRows();
    writer_->exec("COMMIT");
    EXPECT_EQ(CountAsReader(), before + kRows);
  }
}

}  // namespace
}  // namespace genledger::sqlite
