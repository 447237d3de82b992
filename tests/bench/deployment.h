// The programs that a benchmark starts: the server, its upstream, the echo.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/bench/child_process.h"
#include "tests/bench/identity.h"
#include "tests/bench/sync_counts.h"
#include "tests/bench/work_directory.h"

namespace genledger::bench {

// The key that the simulator takes and the server sends.
inline constexpr char kApiKey[] = "sk-simulator";

// A running program that serves on a port of loopback; ends with this object.
class Program {
 public:
  Program(std::unique_ptr<ChildProcess> process, int port, absl::Duration start_time,
          const SyncCounts* syncs)
      : process_(std::move(process)), port_(port), start_time_(start_time), syncs_(syncs) {}

  std::string address() const;
  pid_t pid() const { return process_->pid(); }
  // From its start to its port file.
  absl::Duration start_time() const { return start_time_; }
  // What it has synced; null unless it was asked for.
  const SyncCounts* syncs() const { return syncs_; }

  // Waits until it has said that. As ChildProcess::AwaitOutput.
  absl::Status AwaitOutput(const std::string& text);
  // Asks it to end, and waits. As ChildProcess::Stop.
  absl::Status Stop();

 private:
  std::unique_ptr<ChildProcess> process_;
  int port_;
  absl::Duration start_time_;
  const SyncCounts* syncs_;
};

struct SimulatorPlan {
  absl::Duration latency;  // before each answer
  std::string script;      // rules (tests/upstream_simulator/script.h); empty: none
};

struct ServerPlan {
  std::string name = "server";
  std::string store;  // --store
  std::string upstream_address;
  bool count_syncs = false;
  // Serves by TLS, asks for its token and writes access lines; null: none of the three.
  const Identity* identity = nullptr;
};

// Starts programs, with their files in `directory`, which must outlive them. Not thread safe, main
// thread only (child_process.h).
class Deployment {
 public:
  explicit Deployment(const WorkDirectory* directory) : directory_(directory) {}

  absl::StatusOr<std::unique_ptr<Program>> StartSimulator(const SimulatorPlan& plan = {});
  absl::StatusOr<std::unique_ptr<Program>> StartServer(const ServerPlan& plan);
  absl::StatusOr<std::unique_ptr<Program>> StartEcho();

  // A file of its own for each call.
  std::string NewFile(const std::string& name);

 private:
  // The flags of a server with this identity, or of one without.
  std::vector<std::string> SecurityFlags(const Identity* identity);
  absl::StatusOr<std::unique_ptr<Program>> Start(const std::string& name, ChildCommand command,
                                                 const std::string& port_file,
                                                 const SyncCounts* syncs);

  const WorkDirectory* const directory_;
  int files_ = 0;
};

}  // namespace genledger::bench
