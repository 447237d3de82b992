#include "storage/sqlite/writer_thread.h"

#include <sqlite3.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/base/errors.h"
#include "service/base/status_macros.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/sqlite_status.h"

namespace genledger::sqlite {
namespace {

int RememberWalPages(void* wal_pages, sqlite3* /*database*/, const char* /*name*/, int pages) {
  *static_cast<int*>(wal_pages) = pages;
  return SQLITE_OK;
}

void Execute(SQLite::Statement& statement) { StatementUse(statement).Run(); }

absl::Status NothingWritten(const absl::Status& why) {
  return errors::StoreUnavailable(absl::StrCat(
      "the write was rolled back before its commit, nothing was written: ", why.message()));
}

}  // namespace

WriterThread::Session::Session(std::unique_ptr<SQLite::Database> opened)
    : database(std::move(opened)),
      records(*database),
      begin(*database, "BEGIN IMMEDIATE"),
      commit(*database, "COMMIT"),
      rollback(*database, "ROLLBACK"),
      savepoint(*database, "SAVEPOINT command"),
      release(*database, "RELEASE command"),
      rollback_to(*database, "ROLLBACK TO command") {
  sqlite3_wal_hook(database->getHandle(), RememberWalPages, &wal_pages);
}

WriterThread::Session::~Session() { sqlite3_wal_hook(database->getHandle(), nullptr, nullptr); }

bool WriterThread::Session::LostTransaction() const {
  return sqlite3_get_autocommit(database->getHandle()) != 0;
}

int64_t WriterThread::Session::RowsWritten() const {
  return sqlite3_total_changes64(database->getHandle());
}

WriterThread::WriterThread(WriterOptions options, std::unique_ptr<SQLite::Database> database)
    : options_(std::move(options)),
      session_(std::make_unique<Session>(std::move(database))),
      thread_([this] { Loop(); }) {}

WriterThread::~WriterThread() {
  {
    absl::MutexLock lock(&mu_);
    closed_ = true;
  }
  thread_.join();
}

void WriterThread::Enqueue(std::unique_ptr<WriteCommand> command) {
  std::string_view refusal;
  {
    absl::MutexLock lock(&mu_);
    if (!closed_ && queue_.size() < options_.queue_depth_max) {
      queue_.push_back(std::move(command));
      return;
    }
    refusal = closed_ ? "the store is closed" : "the store's write queue is full";
  }
  command->Answer(errors::StoreUnavailable(refusal));
}

WriterThread::Batch WriterThread::TakeBatch() {
  const auto ready = [this]()
                         ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return closed_ || !queue_.empty(); };
  absl::MutexLock lock(&mu_, absl::Condition(&ready));
  Batch batch;
  if (queue_.size() <= options_.batch_max) {
    batch.swap(queue_);
    return batch;
  }
  const auto end = queue_.begin() + static_cast<ptrdiff_t>(options_.batch_max);
  batch.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
  queue_.erase(queue_.begin(), end);
  return batch;
}

void WriterThread::Loop() {
  while (true) {
    Batch batch = TakeBatch();
    if (batch.empty()) {
      return;
    }
    absl::Status status = EnsureSession();
    if (status.ok()) {
      status = WriteBatch(batch);
    }
    options_.completions->Post({.commands = std::move(batch), .failure = status});
    if (session_ != nullptr && options_.checkpointer->AfterCommit(session_->wal_pages) ==
                                   Checkpointer::Advice::kWriterFinishes) {
      options_.checkpointer->FinishOn(*session_->database, session_->wal_pages);
    }
  }
}

absl::Status WriterThread::EnsureSession() {
  if (session_ != nullptr) {
    return absl::OkStatus();
  }
  absl::StatusOr<std::unique_ptr<SQLite::Database>> opened = OpenConnection(
      {.path = options_.path, .role = ConnectionRole::kWriter, .cache_kib = options_.cache_kib});
  if (!opened.ok()) {
    return NothingWritten(opened.status());
  }
  absl::Status status = Guard("prepare", [&]() -> absl::Status {
    session_ = std::make_unique<Session>(*std::move(opened));
    return absl::OkStatus();
  });
  if (!status.ok()) {
    return NothingWritten(status);
  }
  options_.logger->Log(Severity::kInfo, "sqlite_writer_reopened", {{"path", options_.path}});
  return absl::OkStatus();
}

absl::Status WriterThread::WriteBatch(const Batch& batch) {
  absl::Status status = Guard("begin", [&]() -> absl::Status {
    Execute(session_->begin);
    return absl::OkStatus();
  });
  if (status.ok()) {
    status = RunCommands(batch);
  }
  if (status.ok()) {
    status = session_->records.FinishGroup();
  }
  if (!status.ok()) {
    status = NothingWritten(status);
    AbandonSession(status);
    return status;
  }
  return Commit();
}

// A savepoint costs each command a copy of every page that it changes, and next to none of them
// fails after it has written something: those that do so are told apart in a second pass.
absl::Status WriterThread::RunCommands(const Batch& batch) {
  GL_ASSIGN_OR_RETURN(const Together together, RunTogether(batch));
  if (together == Together::kDone) {
    return absl::OkStatus();
  }
  GL_RETURN_IF_ERROR(Guard("start over", [&]() -> absl::Status {
    Execute(session_->rollback);
    session_->records.RolledBackGroup();
    Execute(session_->begin);
    return absl::OkStatus();
  }));
  return RunApart(batch);
}

absl::StatusOr<WriterThread::Together> WriterThread::RunTogether(const Batch& batch) {
  session_->records.StartGroup();
  for (const std::unique_ptr<WriteCommand>& command : batch) {
    const int64_t rows_before = session_->RowsWritten();
    session_->records.StartCommand();
    const absl::Status own = command->Run(session_->records);
    if (own.ok()) {
      continue;
    }
    if (session_->LostTransaction()) {
      return own;
    }
    if (session_->RowsWritten() != rows_before) {
      return Together::kNeedSavepoints;
    }
    session_->records.TakeBackCommand();
  }
  return Together::kDone;
}

absl::Status WriterThread::RunApart(const Batch& batch) {
  session_->records.StartGroup();
  for (const std::unique_ptr<WriteCommand>& command : batch) {
    GL_RETURN_IF_ERROR(RunInSavepoint(*command));
  }
  return absl::OkStatus();
}

absl::Status WriterThread::RunInSavepoint(WriteCommand& command) {
  return Guard("savepoint", [&]() -> absl::Status {
    Execute(session_->savepoint);
    session_->records.StartCommand();
    if (absl::Status own = command.Run(session_->records); !own.ok()) {
      if (session_->LostTransaction()) {
        return own;
      }
      Execute(session_->rollback_to);
      session_->records.RolledBack();
    }
    Execute(session_->release);
    return absl::OkStatus();
  });
}

absl::Status WriterThread::Commit() {
  const RecordCache::Change change(options_.cache, session_->records.TakeOutdated());
  absl::Status status = Guard("commit", [&]() -> absl::Status {
    Execute(session_->commit);
    return absl::OkStatus();
  });
  if (status.ok()) {
    return status;
  }
  absl::Status in_doubt = errors::StoreUnavailable(
      absl::StrCat("commit in doubt, the write may or may not have happened, a repeat finds out: ",
                   status.message()));
  AbandonSession(in_doubt);
  return in_doubt;
}

void WriterThread::AbandonSession(const absl::Status& why) {
  // Nothing is left to roll back if the failure has done so already.
  (void)Guard("rollback", [&]() -> absl::Status {
    if (!session_->LostTransaction()) {
      Execute(session_->rollback);
    }
    return absl::OkStatus();
  });
  session_ = nullptr;
  options_.logger->Log(Severity::kError, "sqlite_write_failed",
                       {{"path", options_.path}, {"error", std::string(why.message())}});
}

}  // namespace genledger::sqlite
