// The one thread that writes: group commit over a bounded queue.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "SQLiteCpp/Database.h"
#include "SQLiteCpp/Statement.h"
#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "service/base/logger.h"
#include "storage/sqlite/checkpointer.h"
#include "storage/sqlite/completion_thread.h"
#include "storage/sqlite/record_cache.h"
#include "storage/sqlite/sqlite_transaction.h"
#include "storage/sqlite/write_command.h"

namespace genledger::sqlite {

struct WriterOptions {
  std::string path;
  int cache_kib = 32 * 1024;
  size_t batch_max = 256;          // commands in one commit
  size_t queue_depth_max = 65536;  // commands that wait; more are answered UNAVAILABLE
  Logger* logger = nullptr;
  CompletionThread* completions = nullptr;
  Checkpointer* checkpointer = nullptr;
  RecordCache* cache = nullptr;
};

// Thread safe. Each batch is one transaction, in which a command that fails leaves nothing behind.
// No command is answered OK before its batch has been committed. If a commit fails, the connection
// is opened anew for the next batch, so the store heals as soon as the disk does.
class WriterThread {
 public:
  // `database` is an open writer connection.
  WriterThread(WriterOptions options, std::unique_ptr<SQLite::Database> database);
  // Writes what was handed in, then stops.
  ~WriterThread();
  WriterThread(const WriterThread&) = delete;
  WriterThread& operator=(const WriterThread&) = delete;

  // Answers the command itself if it cannot be queued.
  void Enqueue(std::unique_ptr<WriteCommand> command);

 private:
  using Batch = std::vector<std::unique_ptr<WriteCommand>>;
  // An open connection with its prepared statements.
  struct Session {
    explicit Session(std::unique_ptr<SQLite::Database> opened);
    ~Session();

    // Whether a failed statement has ended the whole transaction.
    bool LostTransaction() const;
    // Grows with each row that is written, also if it is rolled back later.
    int64_t RowsWritten() const;

    std::unique_ptr<SQLite::Database> database;
    SqliteTransaction records;
    SQLite::Statement begin;
    SQLite::Statement commit;
    SQLite::Statement rollback;
    SQLite::Statement savepoint;
    SQLite::Statement release;
    SQLite::Statement rollback_to;
    int wal_pages = 0;  // in the log, as of the last commit
  };

  void Loop();
  // Blocks; empty once the queue is closed and drained.
  Batch TakeBatch();
  absl::Status EnsureSession();
  // Begins, runs and commits. OK if all of it is durable; commands that failed alone keep their own
  // error.
  absl::Status WriteBatch(const Batch& batch);
  absl::Status RunCommands(const Batch& batch);
  enum class Together { kDone, kNeedSavepoints };
  // Without savepoints: kNeedSavepoints if a command has failed that had written something.
  absl::StatusOr<Together> RunTogether(const Batch& batch);
  // All of these: what happens to the batch; a command's own failure is none of it.
  absl::Status RunApart(const Batch& batch);
  absl::Status RunInSavepoint(WriteCommand& command);
  absl::Status Commit();
  // Rolls back and gives up the connection.
  void AbandonSession(const absl::Status& why);

  const WriterOptions options_;
  std::unique_ptr<Session> session_;  // the writer thread's own; null while the disk is failing

  absl::Mutex mu_;
  Batch queue_ ABSL_GUARDED_BY(mu_);
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace genledger::sqlite
