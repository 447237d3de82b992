// Sets the wall clock of this process while a test runs, and of nothing else.
#pragma once

#include "absl/time/time.h"

namespace genledger::fakes {

// From here on, until the end of this object, the wall clock is so much ahead of the machine's;
// negative: behind it. The kernel goes on with its own: what waits until a time of the wall clock
// that was set forward waits for as much longer, and one that was set back makes it wait not at
// all. One at a time.
class WallClockStep {
 public:
  explicit WallClockStep(absl::Duration ahead);
  ~WallClockStep();
  WallClockStep(const WallClockStep&) = delete;
  WallClockStep& operator=(const WallClockStep&) = delete;
};

}  // namespace genledger::fakes
