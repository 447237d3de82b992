// What every figure is measured with.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/bench/deployment.h"
#include "tests/bench/load_generator.h"
#include "tests/bench/report.h"

namespace genledger::bench {

struct BenchOptions {
  std::vector<int> concurrencies = {1, 16, 64, 256};
  int usual_concurrency = 64;  // where one must do
  int connections = 4;         // TCP connections to each server
  LoadTimes times = {.warm_up = absl::Milliseconds(500), .duration = absl::Seconds(3)};
  int64_t rows = 50'000;  // that reads and duplicates are spread over
  bool sqlite = true;
  bool postgresql = true;
  int replicas_max = 3;

  int64_t disk_rows = 20'000;
  int in_flight = 10'000;
  absl::Duration slow_upstream = absl::Seconds(5);
  std::vector<int64_t> store_sizes = {10'000, 1'000'000};
  int starts = 5;
  int64_t claims = 2'000;
  int watchers = 1'000;
  double busy_calls_per_second = 500;
};

struct BenchContext {
  const BenchOptions* options = nullptr;
  Deployment* deployment = nullptr;
  Report* report = nullptr;
};

// Says on standard error what is going on.
void Progress(const std::string& what);

}  // namespace genledger::bench
