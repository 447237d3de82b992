// What a submission costs on disk.
#pragma once

#include "absl/status/status.h"
#include "tests/bench/figures/bench_context.h"

namespace genledger::bench {

// Bytes of the SQLite file, indexes included, for each of `disk_rows` submissions that a server
// took and then stopped; with request_ids and without.
absl::Status MeasureDisk(const BenchContext& context);

}  // namespace genledger::bench
