// One simulated world, from its seed: replicas, their store, their upstream, their callers, and
// everything that goes wrong between them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "service/upstream/credential.h"
#include "storage/workflow_store.h"
#include "tests/simulation/auditor.h"
#include "tests/simulation/callers.h"
#include "tests/simulation/coverage.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/event_loop.h"
#include "tests/simulation/journal_shelf.h"
#include "tests/simulation/replica.h"
#include "tests/simulation/scene.h"
#include "tests/simulation/trace.h"
#include "tests/simulation/upstream_truth.h"
#include "tests/simulation/violation.h"
#include "tests/simulation/world_options.h"
#include "tests/storage/fake_workflow_store.h"

namespace genledger::simulation {

// Not thread safe.
class World {
 public:
  // The trace keeps the last `lines_kept` lines.
  // The shelf must outlive the world, and is its own while it lives.
  World(WorldOptions options, uint64_t seed, size_t lines_kept, JournalShelf* journals);
  ~World();

  // Lets `steps` events happen, faults among them. Stops at the first broken rule.
  void Run(int steps);
  // Ends all faults and calls, lets time pass, and looks whether everything has come to its end.
  void ComeToRest();

  // The first replica dies before the next event, and its successor starts a moment later.
  void CrashFirstReplica();

  const std::optional<Violation>& violation() const { return auditor_.violation(); }
  const Trace& trace() const { return trace_; }
  const Coverage& coverage() const { return coverage_; }

 private:
  // What happened since the last event that no event of its own brings about.
  void Interfere();
  void Crash(Replica* replica);
  void StartReplica(size_t number);
  void ChangeKey();
  Replica* ChooseServing();
  Replica* ChooseAlive();
  bool IsAlive(Owner process) const;
  void RunUntil(absl::Time until);
  void CheckLists();
  void CheckIdle();

  const WorldOptions options_;
  JournalShelf* const journals_;
  Faults faults_;
  Dice dice_;
  Trace trace_;
  Coverage coverage_;
  EventLoop loop_{&dice_, &trace_};
  const std::shared_ptr<FakeStoreState> state_ = std::make_shared<FakeStoreState>();
  // The ledger's own clock is simulated time.
  ReplicaClock clock_{&loop_, absl::ZeroDuration()};
  const std::unique_ptr<WorkflowStore> ledger_ = FakeWorkflowStore::Open(state_, &clock_);
  UpstreamTruth truth_{&options_, &faults_, &loop_, &dice_, &coverage_};
  Auditor auditor_;
  absl::Time outage_end_ = absl::InfinitePast();
  UpstreamCredentials credentials_;
  int keys_ = 0;
  const Scene scene_;
  Owner last_process_ = kWorld;
  Callers callers_;
  // Of all times; the living are among them. Calls that they still hold answer when they go.
  std::vector<std::unique_ptr<Replica>> replicas_;
};

}  // namespace genledger::simulation
