// How long something takes, whatever happens to the wall clock meanwhile.
#pragma once

#include <chrono>

#include "absl/time/time.h"

namespace genledger {

// Moves on with the time that passes and is never set. Its dates mean nothing: only differences
// do, and only within this process. Thread safe.
inline absl::Time SteadyNow() {
  return absl::UnixEpoch() + absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace genledger
