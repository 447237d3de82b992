#include "storage/sqlite/checkpointer.h"

#include <sqlite3.h>

#include <string>
#include <utility>

namespace genledger::sqlite {
namespace {

// How long the writer waits for readers of the old log before it goes on without starting over.
constexpr int kReaderWaitMs = 25;
constexpr int kBusyTimeoutMs = 5000;

void LogFailure(Logger* logger, int code) {
  logger->Log(Severity::kWarning, "sqlite_checkpoint_failed", {{"code", std::to_string(code)}});
}

}  // namespace

Checkpointer::Checkpointer(std::unique_ptr<SQLite::Database> database, Logger* logger)
    : database_(std::move(database)), logger_(logger), thread_([this] { Loop(); }) {}

Checkpointer::~Checkpointer() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
  }
  thread_.join();
}

Checkpointer::Advice Checkpointer::AfterCommit(int wal_pages) {
  if (wal_pages < kWalPagesStart) {
    return Advice::kNothing;
  }
  absl::MutexLock lock(&mu_);
  if (requested_ || wal_pages < next_start_pages_) {
    return Advice::kNothing;
  }
  if (wal_pages - copied_pages_ <= kWalPagesResidual || wal_pages >= kWalPagesHard) {
    return Advice::kWriterFinishes;
  }
  requested_ = true;
  return Advice::kNothing;
}

void Checkpointer::FinishOn(SQLite::Database& writer, int wal_pages) {
  writer.setBusyTimeout(kReaderWaitMs);
  const int code = sqlite3_wal_checkpoint_v2(writer.getHandle(), nullptr, SQLITE_CHECKPOINT_RESTART,
                                             nullptr, nullptr);
  writer.setBusyTimeout(kBusyTimeoutMs);
  {
    absl::MutexLock lock(&mu_);
    copied_pages_ = 0;
    next_start_pages_ = code == SQLITE_OK ? kWalPagesStart : wal_pages + kWalPagesResidual;
  }
  if (code != SQLITE_OK && code != SQLITE_BUSY) {
    LogFailure(logger_, code);
  }
}

int Checkpointer::RunPass() {
  int copied = 0;
  const int code = sqlite3_wal_checkpoint_v2(database_->getHandle(), nullptr,
                                             SQLITE_CHECKPOINT_PASSIVE, nullptr, &copied);
  if (code == SQLITE_OK) {
    return copied;
  }
  if (code != SQLITE_BUSY) {
    LogFailure(logger_, code);
  }
  return -1;
}

void Checkpointer::Loop() {
  const auto ready = [this]()
                         ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return stopping_ || requested_; };
  while (true) {
    {
      absl::MutexLock lock(&mu_, absl::Condition(&ready));
      if (stopping_) {
        return;
      }
    }
    const int copied = RunPass();
    absl::MutexLock lock(&mu_);
    requested_ = false;
    if (copied >= 0) {
      copied_pages_ = copied;
    } else {
      next_start_pages_ += kWalPagesStart;  // the disk is failing: not at every commit
    }
  }
}

}  // namespace genledger::sqlite
