// Every operation at every concurrency, beside its physical limit.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tests/bench/deployment.h"
#include "tests/bench/figures/bench_context.h"
#include "tests/bench/identity.h"

namespace genledger::bench {

// What is measured: servers that share a store.
struct ThroughputSetup {
  std::string name;
  std::vector<const Program*> servers;  // none of them has been used
  const Program* simulator = nullptr;
  const Identity* identity = nullptr;  // of the servers; null: they serve plaintext to anybody
  // Of a SQLite store, whose own limit is then a part of NEW's; empty: none.
  std::string sqlite_path;
  pid_t database = 0;  // of a PostgreSQL
  std::vector<int> concurrencies;
  // NEW, DUPLICATE and GET only, without open loops.
  bool essentials_only = false;
};

// Adds the measurements of the setup, and those of the limits, which it measures in between: each
// echo is of the sizes of its operation's messages and runs right before it. Fails with the first
// call that fails.
absl::Status MeasureThroughput(const BenchContext& context, const ThroughputSetup& setup);

}  // namespace genledger::bench
