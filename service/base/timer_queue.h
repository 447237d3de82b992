// Callbacks at a later time, without a thread for each.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "service/base/clock.h"

namespace genledger {

// Thread safe. Callbacks run one after another on the queue's own thread and must be short.
class TimerQueue {
 public:
  using Callback = absl::AnyInvocable<void()>;
  // Never 0.
  using Id = uint64_t;

  virtual ~TimerQueue() = default;

  // Runs `callback` once, as soon as the clock has reached `when`; never inside
  // this call.
  virtual Id At(absl::Time when, Callback callback) = 0;

  // Drops a callback that has not begun. False if it has begun, has run, or never was.
  virtual bool Cancel(Id id) = 0;

  // Waits for the callback that is running, and runs no other: those that wait and those that come
  // later are dropped at once, so that nothing they own outlives its collaborators. Not to be
  // called from a callback.
  virtual void Stop() = 0;
};

// One thread over `clock`, which must outlive the queue. A stepped clock moves the timers with it,
// checked once a second at least, whatever becomes of the wall clock; where timers are to be
// measured and not dated, it is a SteadyClock.
std::unique_ptr<TimerQueue> NewThreadTimerQueue(Clock* clock);

}  // namespace genledger
