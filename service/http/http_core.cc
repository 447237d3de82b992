#include "service/http/http_core.h"

#include <vector>

namespace genledger {

bool HttpCore::HasRoom(std::function<void()> resume) {
  absl::MutexLock lock(&mu_);
  if (connections_.size() < limits_.connections_max) {
    return true;
  }
  resume_ = std::move(resume);
  return false;
}

void HttpCore::Add(const std::shared_ptr<HttpConnection>& connection) {
  absl::MutexLock lock(&mu_);
  connections_.emplace(connection.get(), connection);
}

void HttpCore::Remove(HttpConnection* connection) {
  std::function<void()> resume;
  {
    absl::MutexLock lock(&mu_);
    connections_.erase(connection);
    std::swap(resume, resume_);
  }
  if (resume) {
    resume();
  }
}

void HttpCore::ForEach(void (HttpConnection::*tell)()) {
  std::vector<std::shared_ptr<HttpConnection>> alive;
  {
    absl::MutexLock lock(&mu_);
    for (const auto& [pointer, weak] : connections_) {
      if (std::shared_ptr<HttpConnection> connection = weak.lock(); connection != nullptr) {
        alive.push_back(std::move(connection));
      }
    }
  }
  for (const std::shared_ptr<HttpConnection>& connection : alive) {
    (connection.get()->*tell)();
  }
}

void HttpCore::Drain() {
  {
    absl::MutexLock lock(&mu_);
    draining_ = true;
  }
  ForEach(&HttpConnection::CloseSoon);
}

void HttpCore::AwaitConnections(absl::Time deadline) {
  absl::MutexLock lock(&mu_);
  const auto all_closed = [this]()
                              ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return connections_.empty(); };
  mu_.AwaitWithDeadline(absl::Condition(&all_closed), deadline);
}

void HttpCore::CutOff() { ForEach(&HttpConnection::CloseNow); }

void HttpCore::Stop() {
  {
    absl::MutexLock lock(&mu_);
    stopped_ = true;
    resume_ = nullptr;
  }
  work_.reset();
}

}  // namespace genledger
