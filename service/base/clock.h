// What time it is, injected so that tests decide it.
#pragma once

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace genledger {

// Thread safe.
class Clock {
 public:
  virtual ~Clock() = default;

  virtual absl::Time Now() = 0;
};

class SystemClock : public Clock {
 public:
  absl::Time Now() override { return absl::Now(); }
};

}  // namespace genledger
