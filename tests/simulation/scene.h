// What everything in one simulated world shares.
#pragma once

#include "absl/time/time.h"
#include "service/upstream/credential.h"
#include "storage/workflow_store.h"
#include "tests/simulation/auditor.h"
#include "tests/simulation/coverage.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/event_loop.h"
#include "tests/simulation/trace.h"
#include "tests/simulation/upstream_truth.h"
#include "tests/simulation/world_options.h"

namespace genledger::simulation {

inline constexpr char kAccount[] = "api.upstream.example";
// One attempt, re-sends included; its lease (DESIGN.md section 6).
inline constexpr absl::Duration kAttemptTimeout = absl::Seconds(60);
inline constexpr absl::Duration kLease = absl::Seconds(90);

// The one ledger, the one upstream and the one time of a world; its owner is World.
struct Scene {
  const WorldOptions* options;
  const Faults* faults;  // those in force
  Dice* dice;
  EventLoop* loop;
  Trace* trace;
  Coverage* coverage;
  UpstreamTruth* truth;
  Auditor* auditor;
  // Carries out every call at once and without fault.
  WorkflowStore* ledger;
  // Until then the ledger answers nobody.
  const absl::Time* outage_end;
  // The keys in force upstream.
  const UpstreamCredentials* credentials;
};

}  // namespace genledger::simulation
