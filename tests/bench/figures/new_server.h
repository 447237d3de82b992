// A server over a new SQLite store, and the simulated upstream that it posts to.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "tests/bench/deployment.h"
#include "tests/bench/figures/bench_context.h"

namespace genledger::bench {

struct NewServerOptions {
  SimulatorPlan simulator;
  std::string path;  // of the store; empty: a new one
  bool count_syncs = false;
};

// The server ends before its upstream.
struct NewServer {
  std::string path;
  std::unique_ptr<Program> simulator;
  std::unique_ptr<Program> server;
};

absl::StatusOr<NewServer> StartNewServer(const BenchContext& context,
                                         const NewServerOptions& options = {});

}  // namespace genledger::bench
