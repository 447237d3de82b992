#include "storage/sqlite/completion_thread.h"

#include <utility>

namespace genledger::sqlite {

CompletionThread::CompletionThread() : thread_([this] { Loop(); }) {}

CompletionThread::~CompletionThread() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
  }
  thread_.join();
}

void CompletionThread::Post(CompletedBatch batch) {
  absl::MutexLock lock(&mu_);
  waiting_.push_back(std::move(batch));
}

void CompletionThread::Loop() {
  const auto ready = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return stopping_ || !waiting_.empty();
  };
  while (true) {
    std::vector<CompletedBatch> batches;
    {
      absl::MutexLock lock(&mu_, absl::Condition(&ready));
      if (waiting_.empty()) {
        return;
      }
      batches.swap(waiting_);
    }
    for (CompletedBatch& batch : batches) {
      for (const std::unique_ptr<WriteCommand>& command : batch.commands) {
        command->Answer(batch.failure);
      }
    }
  }
}

}  // namespace genledger::sqlite
