// The throughput of both kinds of store.
#pragma once

#include "absl/status/status.h"
#include "tests/bench/figures/bench_context.h"

namespace genledger::bench {

// One server over a SQLite file.
absl::Status MeasureSqlite(const BenchContext& context);

// One server over a private PostgreSQL that syncs its commits: as SQLite. Then two and more, up to
// `replicas_max`, the calls spread evenly over them: NEW, DUPLICATE and GET at the usual
// concurrency. Without Debian's PostgreSQL 15: FAILED_PRECONDITION.
absl::Status MeasurePostgresql(const BenchContext& context);

}  // namespace genledger::bench
