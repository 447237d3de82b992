// Thousands of submissions in flight against a slow upstream.
#pragma once

#include "absl/status/status.h"
#include "tests/bench/figures/bench_context.h"

namespace genledger::bench {

// Memory and threads of the server at `in_flight` calls that all wait for an upstream that takes
// `slow_upstream`, beside those at the usual concurrency.
absl::Status MeasureInFlight(const BenchContext& context);

}  // namespace genledger::bench
