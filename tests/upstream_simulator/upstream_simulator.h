// The simulated upstream as a server in this process: an HTTP/1.1 server on the loopback interface
// that behaves as the upstream's page says, misbehaves as its rules say (script.h), and keeps the
// log that audits are made from (post_record.h).
//
//   auto simulator = UpstreamSimulator::Start({.log_path = path});
//   (*simulator)->SetRules({{.when = {.count = 1}, .deed = Deed::kReset}});
//   ... drive a client against (*simulator)->url() ...
//   EXPECT_EQ((*simulator)->stats().accepted, 1);
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/upstream_simulator/options.h"
#include "tests/upstream_simulator/post_record.h"
#include "tests/upstream_simulator/rule.h"
#include "tests/upstream_simulator/task_life.h"

namespace genledger {

// Thread safe: every call is carried out on the server's one thread, between two requests, so that
// what a client has been told is in stats() and posts(). After Stop() the numbers stay readable.
class UpstreamSimulator {
 public:
  // Listens before it returns. INVALID_ARGUMENT: the address is not of the loopback interface, a
  // key or a certificate is bad, or the log holds something else; UNAVAILABLE: the port or the log
  // is taken or cannot be opened.
  static absl::StatusOr<std::unique_ptr<UpstreamSimulator>> Start(UpstreamSimulatorOptions options);

  // Stops.
  ~UpstreamSimulator();

  int port() const;
  // "127.0.0.1:PORT", as bound.
  std::string address() const;
  // "http://127.0.0.1:PORT", or https.
  std::string url() const;

  UpstreamSimulatorStats stats();
  // The records in memory, oldest first; all of them unless records_kept was passed.
  std::vector<PostRecord> posts();

  void SetRules(std::vector<Rule> rules);
  void AppendRules(std::vector<Rule> rules);
  // A script as in script.h, in place of the rules. INVALID_ARGUMENT if it is not one.
  absl::Status SetScript(const std::string& script);
  // KEY or KEY=402 and so on. INVALID_ARGUMENT if one is empty or holds white space.
  absl::Status SetKeys(const std::vector<std::string>& keys);
  void SetLatency(absl::Duration latency);
  void SetIdempotency(bool on);
  // Of the tasks to come, or of one task (NOT_FOUND if it is unknown).
  void SetTaskLife(const TaskLife& life);
  absl::Status SetTaskLifeOf(const std::string& task_id, const TaskLife& life);
  // Task ages move forward, without waiting.
  void Advance(absl::Duration by);
  // Back to the options; log, sequence and tasks stay.
  void Reset();

  // Ends every connection and the thread. May be called more than once, from one thread.
  void Stop();

 private:
  struct Server;
  explicit UpstreamSimulator(std::unique_ptr<Server> server);

  const std::unique_ptr<Server> server_;
};

}  // namespace genledger
