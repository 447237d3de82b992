#include "service/http/http_core.h"

#include <utility>
#include <vector>

namespace genledger {

bool HttpCore::HasRoom() const {
  absl::MutexLock lock(&mu_);
  return IsRoomLeft();
}

bool HttpCore::IsRoomLeft() const { return busy_.size() + idle_.size() < limits_.connections_max; }

void HttpCore::MakeRoom(std::function<void()> resume) {
  std::shared_ptr<HttpConnection> longest_idle;
  {
    absl::MutexLock lock(&mu_);
    if (!IsRoomLeft()) {
      resume_ = std::exchange(resume, nullptr);
      longest_idle = LongestIdle();
    }
  }
  if (longest_idle != nullptr) {
    longest_idle->CloseIfIdle();
  } else if (resume != nullptr) {
    resume();
  }
}

void HttpCore::Add(const std::shared_ptr<HttpConnection>& connection) {
  absl::MutexLock lock(&mu_);
  connection->seat_ = busy_.insert(busy_.end(), connection);
}

void HttpCore::MarkIdle(HttpConnection* connection) {
  std::shared_ptr<HttpConnection> longest_idle;
  {
    absl::MutexLock lock(&mu_);
    if (std::exchange(connection->is_idle_, true)) {
      return;
    }
    idle_.splice(idle_.end(), busy_, connection->seat_);
    longest_idle = resume_ == nullptr ? nullptr : LongestIdle();
  }
  if (longest_idle != nullptr) {
    longest_idle->CloseIfIdle();
  }
}

void HttpCore::MarkBusy(HttpConnection* connection) {
  absl::MutexLock lock(&mu_);
  if (std::exchange(connection->is_idle_, false)) {
    busy_.splice(busy_.end(), idle_, connection->seat_);
  }
}

std::shared_ptr<HttpConnection> HttpCore::LongestIdle() const {
  return idle_.empty() ? nullptr : idle_.front().lock();
}

void HttpCore::Remove(HttpConnection* connection) {
  std::function<void()> resume;
  {
    absl::MutexLock lock(&mu_);
    (connection->is_idle_ ? idle_ : busy_).erase(connection->seat_);
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
    for (const Seats* seats : {&busy_, &idle_}) {
      for (const std::weak_ptr<HttpConnection>& weak : *seats) {
        if (std::shared_ptr<HttpConnection> connection = weak.lock(); connection != nullptr) {
          alive.push_back(std::move(connection));
        }
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
  const auto all_closed = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return busy_.empty() && idle_.empty();
  };
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
