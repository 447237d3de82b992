// What time it is, injected so that tests decide it.
#pragma once

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "service/base/steady_time.h"

namespace genledger {

// Thread safe.
class Clock {
 public:
  virtual ~Clock() = default;

  virtual absl::Time Now() = 0;
};

// The wall clock: what is written down. It may be set, so nothing is measured with it.
class SystemClock : public Clock {
 public:
  absl::Time Now() override { return absl::Now(); }
};

// What durations, deadlines and timers are measured with: the wall clock as it was when this was
// made, moved on by the time that has passed since. Setting the wall clock does not move it.
class SteadyClock : public Clock {
 public:
  absl::Time Now() override { return SteadyNow() + to_wall_; }

 private:
  const absl::Duration to_wall_ = absl::Now() - SteadyNow();
};

}  // namespace genledger
