// Seeded random walks over everything that can happen to the submissions of one content: repeats
// under two request_ids and none, claims, ends of attempts, leases, policies, late proofs, cancels,
// operators. The upstream's truth is chosen by the world and hidden from the ledger until an
// answer, a proof or an operator tells; the invariants of DESIGN.md section 3 are checked after
// every step.
#pragma once

#include <cstdint>
#include <memory>
#include <set>

#include "service/base/clock.h"
#include "service/domain/submission.h"
#include "storage/workflow_store.h"

namespace genledger {

// Where the walk leads.
class LedgerWalkStore {
 public:
  virtual ~LedgerWalkStore() = default;
  // The same store again after a restart.
  virtual std::unique_ptr<WorkflowStore> Open(Clock* clock) = 0;
};

// Reports through GoogleTest. Not thread safe.
class LedgerWalk {
 public:
  // `stores` must outlive the walk.
  LedgerWalk(uint64_t seed, LedgerWalkStore* stores);
  ~LedgerWalk();

  void Step();
  void Check();
  void CheckEvents();

  // What was met, to be sure that the walks go everywhere.
  std::set<SubmissionState> seen;
  std::set<AttemptKind> kinds;

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace genledger
