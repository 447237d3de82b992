#include "storage/sqlite/connection.h"

#include <sqlite3.h>

#include <mutex>

#include "absl/strings/str_cat.h"
#include "storage/sqlite/log_buffer_vfs.h"
#include "storage/sqlite/sqlite_status.h"

namespace genledger::sqlite {
namespace {

// Nobody else writes, so only a checkpoint that resets the log ever makes anybody wait.
constexpr int kBusyTimeoutMs = 5000;
// After a peak the log file is cut back to this when it starts over.
constexpr int64_t kWalFileBytesKept = int64_t{64} << 20;

// SQLite counts its memory under one process-wide mutex unless told not to before its first use;
// nobody reads that count. Too late (somebody else in the process was first) is no failure.
void ConfigureLibraryOnce() {
  static std::once_flag once;
  std::call_once(once, [] { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); });
}

absl::Status SetUpWriter(SQLite::Database& database, const std::string& path) {
  // Both only bear on a file that has no pages yet.
  database.exec("PRAGMA page_size = 4096");
  const std::string mode = database.execAndGet("PRAGMA journal_mode = WAL").getString();
  if (mode != "wal") {
    return absl::FailedPreconditionError(
        absl::StrCat("the file system of ", path, " does not let SQLite use WAL (journal_mode is ",
                     mode, "); put the store on a local disk"));
  }
  // Every COMMIT is on the disk before it returns.
  database.exec("PRAGMA synchronous = FULL");
  // The store decides when the log is checkpointed (checkpointer.h).
  database.exec("PRAGMA wal_autocheckpoint = 0");
  database.exec(absl::StrCat("PRAGMA journal_size_limit = ", kWalFileBytesKept));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<SQLite::Database>> OpenConnection(const ConnectionOptions& options) {
  ConfigureLibraryOnce();
  return Guard("open", [&]() -> absl::StatusOr<std::unique_ptr<SQLite::Database>> {
    auto database = std::make_unique<SQLite::Database>(
        options.path, SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX, kBusyTimeoutMs,
        options.role == ConnectionRole::kWriter ? LogBufferVfsName() : std::string());
    database->exec(absl::StrCat("PRAGMA cache_size = -", options.cache_kib));
    database->exec("PRAGMA temp_store = MEMORY");
    // No foreign keys are declared: one writer inserts a record with all that belongs to it in one
    // transaction, and checking each row would cost a look-up an insert.
    database->exec("PRAGMA foreign_keys = OFF");
    if (options.role == ConnectionRole::kReader) {
      database->exec("PRAGMA query_only = ON");
    } else if (absl::Status status = SetUpWriter(*database, options.path); !status.ok()) {
      return status;
    }
    return database;
  });
}

}  // namespace genledger::sqlite
