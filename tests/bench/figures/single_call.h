// What one new submission costs its caller when nobody else calls.
#pragma once

#include "absl/status/status.h"
#include "tests/bench/figures/bench_context.h"

namespace genledger::bench {

// One NEW at a time on SQLite, beside one bare POST at a time: the latency that the ledger adds to
// the upstream's own, and how much of that is the disk.
absl::Status MeasureSingleCall(const BenchContext& context);

}  // namespace genledger::bench
