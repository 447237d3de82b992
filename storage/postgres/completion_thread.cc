#include "storage/postgres/completion_thread.h"

#include <memory>
#include <utility>

namespace genledger::postgres {

CompletionThread::CompletionThread() : thread_([this] { Loop(); }) {}

CompletionThread::~CompletionThread() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
  }
  thread_.join();
}

void CompletionThread::Post(CompletedGroup group) {
  absl::MutexLock lock(&mu_);
  waiting_.push_back(std::move(group));
}

void CompletionThread::Loop() {
  const auto ready = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return stopping_ || !waiting_.empty();
  };
  while (true) {
    std::vector<CompletedGroup> groups;
    {
      absl::MutexLock lock(&mu_, absl::Condition(&ready));
      if (waiting_.empty()) {
        return;
      }
      groups.swap(waiting_);
    }
    for (CompletedGroup& group : groups) {
      for (const std::unique_ptr<WriteCommand>& command : group.commands) {
        command->Answer(group.failure);
      }
    }
  }
}

}  // namespace genledger::postgres
