#include "storage/postgres/read_pool.h"

#include <string_view>
#include <utility>

#include "service/base/errors.h"
#include "storage/postgres/sql.h"

namespace genledger::postgres {
namespace {

// A lost connection: the read is asked again on new ones.
constexpr int kTries = 3;
// How long a thread without a connection stands back while others have one.
constexpr absl::Duration kStandBack = absl::Seconds(1);

}  // namespace

ReadPool::ReadPool(const ConnectionParameters& parameters, int connections, size_t depth_max,
                   absl::Duration timeout)
    : parameters_(parameters), depth_max_(depth_max), timeout_(timeout) {
  for (int i = 0; i < connections; ++i) {
    threads_.emplace_back([this] { Loop(); });
  }
}

void ReadPool::Close() {
  {
    absl::MutexLock lock(&mu_);
    closed_ = true;
  }
  for (std::thread& thread : threads_) {
    thread.join();
  }
  threads_.clear();
}

void ReadPool::Enqueue(std::unique_ptr<Task> task) {
  std::string_view refusal;
  {
    absl::MutexLock lock(&mu_);
    if (!closed_ && waiting_.size() < depth_max_) {
      waiting_.push_back(std::move(task));
      return;
    }
    refusal = closed_ ? "the store is closed" : "the store's read queue is full";
  }
  task->Answer(errors::StoreUnavailable(refusal));
}

std::unique_ptr<ReadPool::Task> ReadPool::Take() {
  const auto ready = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return closed_ || !waiting_.empty();
  };
  absl::MutexLock lock(&mu_, absl::Condition(&ready));
  if (waiting_.empty()) {
    return nullptr;
  }
  std::unique_ptr<Task> task = std::move(waiting_.front());
  waiting_.pop_front();
  return task;
}

absl::Status ReadPool::RunTask(Session& session, Task& task) const {
  for (int tries = 1;; ++tries) {
    absl::StatusOr<Connection*> connection = session.Get();
    if (!connection.ok()) {
      return connection.status();
    }
    absl::Status status = task.Run({.connection = *connection, .timeout = timeout_});
    if (status.ok()) {
      return status;
    }
    const bool lost = (*connection)->broken();
    // A snapshot may be left open.
    if (lost || !(*connection)->Run({{kRollback, {}}}, timeout_).ok()) {
      session.Drop();
    }
    if (!lost || tries == kTries) {
      return status;
    }
  }
}

void ReadPool::CountConnection(bool is_open, bool& was_open) {
  absl::MutexLock lock(&mu_);
  connected_ += static_cast<int>(is_open) - static_cast<int>(was_open);
  was_open = is_open;
}

bool ReadPool::IsLeftToOthers(std::unique_ptr<Task>& task) {
  const auto alone = [this]()
                         ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return closed_ || connected_ == 0; };
  absl::MutexLock lock(&mu_);
  if (alone()) {
    return false;
  }
  waiting_.push_front(std::move(task));
  mu_.AwaitWithTimeout(absl::Condition(&alone), kStandBack);
  return true;
}

void ReadPool::Loop() {
  Session session(parameters_, timeout_);
  bool connected = false;
  while (std::unique_ptr<Task> task = Take()) {
    CountConnection(session.Get().ok(), connected);
    if (connected || !IsLeftToOthers(task)) {
      task->Answer(RunTask(session, *task));
    }
  }
}

}  // namespace genledger::postgres
