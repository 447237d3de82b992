// What a benchmark run has found.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/bench/latency_histogram.h"

namespace genledger::bench {

// The least that a call can cost here, measured beside it.
struct Limit {
  std::string name;
  double calls_per_second = 0;
  double cpu_us_per_call = 0;
};

struct Latency {
  absl::Duration mean;
  absl::Duration p50;
  absl::Duration p99;
  absl::Duration p999;
  absl::Duration max;
};

Latency LatencyOf(const LatencyHistogram& histogram);

// The setup of a limit.
inline constexpr char kLimitSetup[] = "limit";

// One operation under one load.
struct Measurement {
  std::string setup;      // the store and how many replicas, or kLimitSetup
  std::string operation;  // NEW, GET, …
  int concurrency = 0;
  // Of an open loop, which has no concurrency: what was sent.
  double offered_calls_per_second = 0;
  int64_t calls = 0;
  double calls_per_second = 0;
  double cpu_us_per_call = 0;  // of the servers, all replicas together
  // Of the database server, where there is one.
  std::optional<double> database_cpu_us_per_call;
  // Where the server's syncs of its write-ahead log were counted.
  std::optional<double> log_syncs_per_call;
  absl::Duration log_sync_time;  // of one, on average
  Latency latency;
  std::optional<Limit> limit;
};

// Any other number.
struct Figure {
  std::string group;
  std::string name;
  double value = 0;
  std::string unit;
  std::string goal;  // what it should be; empty: nothing is demanded
};

struct Report {
  // What was done, exactly, and on what machine: one statement a line.
  std::vector<std::string> workload;
  std::vector<Measurement> measurements;
  std::vector<Figure> figures;
};

}  // namespace genledger::bench
