// Timers that fire when a test moves their clock, on the test's own thread.
#pragma once

#include <map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/base/timer_queue.h"
#include "tests/fakes/manual_clock.h"

namespace genledger::fakes {

// Thread safe; callbacks run inside RunDue and AdvanceTo, in the order of their times.
class ManualTimerQueue final : public TimerQueue {
 public:
  // The clock must outlive the queue.
  explicit ManualTimerQueue(ManualClock* clock) : clock_(clock) {}
  ~ManualTimerQueue() override { Stop(); }

  Id At(absl::Time when, Callback callback) override {
    absl::MutexLock lock(&mu_);
    const Id id = ++last_id_;
    if (!stopped_) {
      due_.emplace(Key{when, id}, std::move(callback));
    }
    return id;
  }

  bool Cancel(Id id) override {
    Callback dropped;
    absl::MutexLock lock(&mu_);
    for (auto it = due_.begin(); it != due_.end(); ++it) {
      if (it->first.second == id) {
        dropped = std::move(it->second);
        due_.erase(it);
        return true;
      }
    }
    return false;
  }

  void Stop() override {
    std::map<Key, Callback> dropped;
    absl::MutexLock lock(&mu_);
    stopped_ = true;
    dropped.swap(due_);
  }

  // Runs what is due, and what that makes due.
  void RunDue() {
    while (Callback callback = TakeDue()) {
      callback();
    }
  }

  // Moves the clock from timer to timer up to `until`, and runs each at its own time.
  void AdvanceTo(absl::Time until) {
    RunDue();
    while (NextTime() <= until) {
      clock_->Set(NextTime());
      RunDue();
    }
    clock_->Set(until);
  }
  void AdvanceBy(absl::Duration duration) { AdvanceTo(clock_->Now() + duration); }

  // When the next callback is due; InfiniteFuture if none waits.
  absl::Time NextTime() const {
    absl::MutexLock lock(&mu_);
    return due_.empty() ? absl::InfiniteFuture() : due_.begin()->first.first;
  }
  size_t waiting() const {
    absl::MutexLock lock(&mu_);
    return due_.size();
  }

 private:
  using Key = std::pair<absl::Time, Id>;

  // Null if none is due.
  Callback TakeDue() {
    const absl::Time now = clock_->Now();
    absl::MutexLock lock(&mu_);
    if (due_.empty() || due_.begin()->first.first > now) {
      return nullptr;
    }
    Callback callback = std::move(due_.begin()->second);
    due_.erase(due_.begin());
    return callback;
  }

  ManualClock* const clock_;
  mutable absl::Mutex mu_;
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
  Id last_id_ ABSL_GUARDED_BY(mu_) = 0;
  std::map<Key, Callback> due_ ABSL_GUARDED_BY(mu_);
};

}  // namespace genledger::fakes
