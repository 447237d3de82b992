// When the calls of an open loop are meant to be sent, whatever the server does.
#pragma once

#include <chrono>
#include <cstdint>

namespace genledger::bench {

// Call `index` is due at start + index / calls_per_second. Latencies are measured from there, so
// that a server that stalls is charged for every call that it kept from being sent in time (no
// coordinated omission). Immutable.
class SendSchedule {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // `calls_per_second` must be positive.
  SendSchedule(Time start, double calls_per_second)
      : start_(start), nanoseconds_between_(1e9 / calls_per_second) {}

  // Computed from the start each time: rounding does not add up.
  Time IntendedTime(int64_t index) const {
    return start_ + std::chrono::nanoseconds(
                        static_cast<int64_t>(static_cast<double>(index) * nanoseconds_between_));
  }

 private:
  Time start_;
  double nanoseconds_between_;
};

}  // namespace genledger::bench
