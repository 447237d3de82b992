// How a simulated upstream is set up, and what it counts.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/upstream_simulator/rule.h"
#include "tests/upstream_simulator/task_life.h"

namespace genledger {

struct UpstreamSimulatorOptions {
  // HOST:PORT of the loopback interface only; port 0: any free one.
  std::string listen = "127.0.0.1:0";
  // KEY, or KEY=402 and so on for a key that is answered with that status.
  std::vector<std::string> api_keys = {"sk-simulator"};
  std::vector<Rule> rules;
  // Empty: in memory only.
  std::string log_path;
  // Whether Idempotency-Key is honoured; else it is ignored, as the page knows nothing of it.
  bool idempotency = false;
  // Before every answer to a POST that no rule answers.
  absl::Duration latency;
  // Of task ids and of rules with a probability; 0: the operating system's randomness.
  uint64_t seed = 0;
  TaskLife task_life;
  // Both or neither: PEM files; with them the server speaks TLS only.
  std::string tls_cert_path;
  std::string tls_key_path;
  // The newest records and tasks stay in memory, for the control API and the status route.
  size_t records_kept = 200'000;
  size_t tasks_kept = 500'000;
};

struct UpstreamSimulatorStats {
  uint64_t connections = 0;
  uint64_t posts_received = 0;  // whole or not
  uint64_t bodies_complete = 0;
  uint64_t accepted = 0;
  uint64_t replayed = 0;
  uint64_t task_queries = 0;
  std::map<int, uint64_t> answered;  // POSTs by the HTTP status decided on; 0: no answer

  friend bool operator==(const UpstreamSimulatorStats&, const UpstreamSimulatorStats&) = default;
};

}  // namespace genledger
