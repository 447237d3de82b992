// Many watchers of one busy tenant.
#pragma once

#include "absl/status/status.h"
#include "tests/bench/figures/bench_context.h"

namespace genledger::bench {

// CPU that `watchers` streams cost the server while their tenant submits
// `busy_calls_per_second`: the same load without them and with them, by turns. Each watches a
// submission of its own that the upstream does not answer meanwhile.
absl::Status MeasureWatchers(const BenchContext& context);

}  // namespace genledger::bench
