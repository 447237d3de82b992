#include "service/base/timer_queue.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <map>
#include <thread>
#include <unordered_map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/base/check.h"

namespace genledger {
namespace {

// How long the thread trusts its last look at the clock: a step of it is noticed within this time.
constexpr absl::Duration kClockRecheckInterval = absl::Seconds(1);

class ThreadTimerQueue final : public TimerQueue {
 public:
  explicit ThreadTimerQueue(Clock* clock)
      : clock_(clock),
        wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        thread_([this] { Run(); }) {
    GL_CHECK(wake_fd_ >= 0, "an eventfd");
  }

  ~ThreadTimerQueue() override {
    Stop();
    close(wake_fd_);
  }

  // After Stop `callback` ends with this call, outside the lock: it may own what calls us.
  Id At(absl::Time when, Callback callback) override {
    absl::MutexLock lock(&mu_);
    const Id id = ++last_id_;
    if (stopping_) {
      return id;
    }
    const auto [it, inserted] = due_.emplace(Key{when, id}, std::move(callback));
    times_.emplace(id, when);
    if (it == due_.begin()) {
      eventfd_write(wake_fd_, 1);  // the thread must sleep less
    }
    return id;
  }

  bool Cancel(Id id) override {
    Callback dropped;  // destroyed outside the lock: it may own what calls us
    absl::MutexLock lock(&mu_);
    const auto time = times_.find(id);
    if (time == times_.end()) {
      return false;
    }
    const auto it = due_.find(Key{time->second, id});
    dropped = std::move(it->second);
    due_.erase(it);
    times_.erase(time);
    return true;
  }

  void Stop() override {
    {
      absl::MutexLock lock(&mu_);
      stopping_ = true;
    }
    eventfd_write(wake_fd_, 1);
    if (thread_.joinable()) {
      thread_.join();
    }
    std::map<Key, Callback> dropped;  // destroyed outside the lock, like in Cancel
    absl::MutexLock lock(&mu_);
    dropped.swap(due_);
    times_.clear();
  }

 private:
  using Key = std::pair<absl::Time, Id>;

  // Not on the mutex: its timeouts end at a time of the wall clock, and setting that back by an
  // hour would make each an hour longer.
  void Sleep(absl::Duration duration) const {
    pollfd wake{.fd = wake_fd_, .events = POLLIN};
    const timespec timeout = absl::ToTimespec(duration);
    ppoll(&wake, 1, &timeout, /*sigmask=*/nullptr);
    eventfd_t ignored = 0;  // how often it was woken
    eventfd_read(wake_fd_, &ignored);
  }

  void Run() {
    mu_.Lock();
    while (!stopping_) {
      const absl::Time now = clock_->Now();
      if (!due_.empty() && due_.begin()->first.first <= now) {
        Callback callback = std::move(due_.begin()->second);
        times_.erase(due_.begin()->first.second);
        due_.erase(due_.begin());
        mu_.Unlock();
        std::move(callback)();
        callback = nullptr;
        mu_.Lock();
        continue;
      }
      absl::Duration sleep = kClockRecheckInterval;
      if (!due_.empty()) {
        sleep = std::min(sleep, due_.begin()->first.first - now);
      }
      mu_.Unlock();
      Sleep(sleep);
      mu_.Lock();
    }
    mu_.Unlock();
  }

  Clock* const clock_;
  const int wake_fd_;  // an eventfd
  absl::Mutex mu_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  Id last_id_ ABSL_GUARDED_BY(mu_) = 0;
  std::map<Key, Callback> due_ ABSL_GUARDED_BY(mu_);
  std::unordered_map<Id, absl::Time> times_ ABSL_GUARDED_BY(mu_);
  std::thread thread_;
};

}  // namespace

std::unique_ptr<TimerQueue> NewThreadTimerQueue(Clock* clock) {
  return std::make_unique<ThreadTimerQueue>(clock);
}

}  // namespace genledger
