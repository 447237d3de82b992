// What stays the same while the store grows, and how long a server takes to start on it.
#pragma once

#include "absl/status/status.h"
#include "tests/bench/figures/bench_context.h"

namespace genledger::bench {

// For each of `store_sizes`: time from start to serving, and the cost of GET, DUPLICATE, the first
// page of LIST and of a claim, the former two spread over all rows. The stores are filled with
// copies of a real submission's rows, each with a content, hash and ids of its own
// (rows/store_filler.h).
absl::Status MeasureStoreSizes(const BenchContext& context);

}  // namespace genledger::bench
