// Groups of writes: what one that fails leaves behind, and what becomes of the others.
#include "storage/sqlite/writer_thread.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "SQLiteCpp/Database.h"
#include "SQLiteCpp/Statement.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/database_file.h"
#include "storage/sqlite/schema.h"
#include "tests/storage/null_logger.h"
#include "tests/storage/temporary_directory.h"

namespace genledger::sqlite {
namespace {

class SqliteWriterThread : public testing::Test {
 protected:
  struct Write {
    std::string key;
    bool writes = true;
    absl::Status result;  // of the command, after its write
  };

  SqliteWriterThread() {
    std::unique_ptr<SQLite::Database> database = Open();
    EXPECT_TRUE(Migrate(*database).ok());
    writer_ = std::make_unique<WriterThread>(WriterOptions{.path = path_,
                                                           .logger = &logger_,
                                                           .completions = &completions_,
                                                           .checkpointer = &checkpointer_},
                                             std::move(database));
  }

  std::unique_ptr<SQLite::Database> Open() {
    auto opened = OpenConnection({.path = path_, .role = ConnectionRole::kWriter});
    EXPECT_TRUE(opened.ok()) << opened.status();
    return *std::move(opened);
  }

  // Hands all of them in while the writer is held up, so that they are one group. What each was
  // answered.
  std::vector<absl::Status> RunAsOneGroup(const std::vector<Write>& writes) {
    std::vector<absl::Status> answers(writes.size(), absl::UnknownError("not answered"));
    runs_.assign(writes.size(), 0);
    absl::Notification all_are_queued;
    absl::BlockingCounter answered(static_cast<int>(writes.size()) + 1);
    writer_->Enqueue(MakeWriteCommand<int>(
        [&](SqliteTransaction&) {
          all_are_queued.WaitForNotification();
          return 0;
        },
        [&](const absl::StatusOr<int>&) { answered.DecrementCount(); }));
    for (size_t i = 0; i < writes.size(); ++i) {
      writer_->Enqueue(MakeWriteCommand<int>(
          [this, &writes, i](SqliteTransaction& transaction) -> absl::StatusOr<int> {
            ++runs_[i];
            if (writes[i].writes) {
              EXPECT_TRUE(transaction.PutMeta(writes[i].key, "written").ok());
            }
            if (!writes[i].result.ok()) {
              return writes[i].result;
            }
            return 0;
          },
          [&answers, &answered, i](const absl::StatusOr<int>& answer) {
            answers[i] = answer.status();
            answered.DecrementCount();
          }));
    }
    all_are_queued.Notify();
    answered.Wait();
    return answers;
  }

  bool IsWritten(const std::string& key) {
    SQLite::Statement select(*reader_, "SELECT count(*) FROM store_meta WHERE key = ?");
    select.bind(1, key);
    return select.executeStep() && select.getColumn(0).getInt() == 1;
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_.File("ledger.db");
  // Nothing opens a file that is not there.
  const std::unique_ptr<DatabaseFile> file_ = *DatabaseFile::Claim(path_);
  NullLogger logger_;
  CompletionThread completions_;
  Checkpointer checkpointer_{Open(), &logger_};
  const std::unique_ptr<SQLite::Database> reader_ = Open();
  std::vector<int> runs_;  // of each write of the last group
  std::unique_ptr<WriterThread> writer_;
};

TEST_F(SqliteWriterThread, AWriteThatFailsTakesBackWhatItHasWrittenAndNothingElse) {
  const std::vector<absl::Status> answers =
      RunAsOneGroup({{.key = "before"},
                     {.key = "failed", .result = absl::AbortedError("moved on")},
                     {.key = "after"}});
  EXPECT_TRUE(answers[0].ok()) << answers[0];
  EXPECT_EQ(answers[1], absl::AbortedError("moved on"));
  EXPECT_TRUE(answers[2].ok()) << answers[2];
  EXPECT_TRUE(IsWritten("before"));
  EXPECT_FALSE(IsWritten("failed"));
  EXPECT_TRUE(IsWritten("after"));
}

TEST_F(SqliteWriterThread, AWriteThatFailsBeforeItHasWrittenDelaysNobody) {
  const std::vector<absl::Status> answers = RunAsOneGroup(
      {{.key = "before"},
       {.key = "refused", .writes = false, .result = absl::NotFoundError("no such submission")},
       {.key = "after"}});
  EXPECT_EQ(answers[1], absl::NotFoundError("no such submission"));
  EXPECT_TRUE(IsWritten("before"));
  EXPECT_TRUE(IsWritten("after"));
  EXPECT_EQ(runs_, (std::vector<int>{1, 1, 1}));
}

}  // namespace
}  // namespace genledger::sqlite
