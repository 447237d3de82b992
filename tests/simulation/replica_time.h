// One process's clock and timers over simulated time.
#pragma once

#include <utility>

#include "absl/time/time.h"
#include "service/base/clock.h"
#include "service/base/timer_queue.h"
#include "tests/simulation/event_loop.h"

namespace genledger::simulation {

// Ahead of simulated time by `skew`.
class ReplicaClock : public Clock {
 public:
  ReplicaClock(const EventLoop* loop, absl::Duration skew) : loop_(loop), skew_(skew) {}

  absl::Time Now() override { return loop_->now() + skew_; }
  // When simulated time is so late that this clock shows `shown`.
  absl::Time WhenShown(absl::Time shown) const { return shown - skew_; }

 private:
  const EventLoop* const loop_;
  const absl::Duration skew_;
};

// Its timers die with its process.
class ReplicaTimers : public TimerQueue {
 public:
  ReplicaTimers(EventLoop* loop, const ReplicaClock* clock, Owner process)
      : loop_(loop), clock_(clock), process_(process) {}

  Id At(absl::Time when, Callback callback) override {
    // What is due beyond any simulated life never comes.
    if (stopped_ || when == absl::InfiniteFuture()) {
      return ++unused_id_;
    }
    return loop_->At(clock_->WhenShown(when), process_, "timer", std::move(callback));
  }
  bool Cancel(Id id) override { return loop_->Cancel(id); }
  void Stop() override { stopped_ = true; }

 private:
  EventLoop* const loop_;
  const ReplicaClock* const clock_;
  const Owner process_;
  bool stopped_ = false;
  // Beyond the ids of any loop.
  Id unused_id_ = 1ULL << 63;
};

}  // namespace genledger::simulation
