// What a limit came to: the least that a part of a call costs on this machine.
#pragma once

#include <cstdint>

#include "absl/time/time.h"
#include "tests/bench/latency_histogram.h"

namespace genledger::bench {

struct LimitResult {
  int64_t calls = 0;
  absl::Duration measured;
  absl::Duration cpu;  // of the one thread that does it
  LatencyHistogram latency;

  double calls_per_second() const {
    return static_cast<double>(calls) / absl::ToDoubleSeconds(measured);
  }
  double cpu_us_per_call() const {
    return absl::ToDoubleMicroseconds(cpu) / static_cast<double>(calls);
  }
};

}  // namespace genledger::bench
