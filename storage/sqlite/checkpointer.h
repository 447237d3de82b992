// Keeps the write-ahead log short without stopping the writer for it.
#pragma once

#include <memory>
#include <thread>

#include "SQLiteCpp/Database.h"
#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "service/base/logger.h"

namespace genledger::sqlite {

// Log length from which pages are copied into the database: 16 MiB.
inline constexpr int kWalPagesStart = 4096;
// Pages left to copy that the writer copies itself, so that the log can start over.
inline constexpr int kWalPagesResidual = 512;
// From here on the writer copies whatever is left: 128 MiB bound the log under any load.
inline constexpr int kWalPagesHard = 32768;

// A thread with a connection of its own copies pages while the writer goes on appending; what was
// appended meanwhile is little, and the writer copies it between two batches, after which the log
// starts over. So the writer never waits for the bulk of a checkpoint, and the log does not grow
// without bound. Thread safe.
class Checkpointer {
 public:
  Checkpointer(std::unique_ptr<SQLite::Database> database, Logger* logger);
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  enum class Advice { kNothing, kWriterFinishes };
  // Called by the writer after a commit that left `wal_pages` in the log; starts a pass of the
  // thread if one is due. kWriterFinishes: the writer runs FinishOn now.
  Advice AfterCommit(int wal_pages);
  // Copies the rest on the writer's connection and lets the log start over. Not between BEGIN and
  // COMMIT. A reader in the way is waited for briefly; the next commits try again.
  void FinishOn(SQLite::Database& writer, int wal_pages);

 private:
  void Loop();
  // Pages of the log that are in the database after a pass; -1 if it failed.
  int RunPass();

  const std::unique_ptr<SQLite::Database> database_;
  Logger* const logger_;
  absl::Mutex mu_;
  bool requested_ ABSL_GUARDED_BY(mu_) = false;  // until the pass is over
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  int copied_pages_ ABSL_GUARDED_BY(mu_) = 0;
  int next_start_pages_ ABSL_GUARDED_BY(mu_) = kWalPagesStart;
  std::thread thread_;  // last: it uses the others
};

}  // namespace genledger::sqlite
