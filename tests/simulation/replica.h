// One process of the service, from its start to its death: the real dispatcher and services between
// a simulated store, upstream and time.
#pragma once

#include <string>

#include "service/base/ids.h"
#include "service/dispatch/change_hub.h"
#include "service/dispatch/change_service.h"
#include "service/dispatch/dispatcher.h"
#include "service/dispatch/receipt_journal.h"
#include "service/dispatch/retention_sweeper.h"
#include "service/dispatch/submission_service.h"
#include "tests/simulation/replica_time.h"
#include "tests/simulation/scene.h"
#include "tests/simulation/store_link.h"
#include "tests/simulation/upstream_link.h"
#include "tests/storage/null_logger.h"

namespace genledger::simulation {

// A dead one is kept to the end of its world: what it still owns may refer to it. Not thread safe.
class Replica {
 public:
  // `journal` is that of all replicas with this number, one after the other.
  Replica(const Scene* scene, Owner process, size_t number, absl::Duration skew,
          ReceiptJournal* journal);

  // Begins its life: recovers, then serves.
  void Start();
  // Ends it, between two events.
  void Crash();
  // SIGTERM: it refuses new work and finishes what is out.
  void Drain();

  bool alive() const { return alive_; }
  // Its port is open.
  bool serves() const { return alive_ && serves_; }
  bool draining() const { return draining_; }
  Owner process() const { return process_; }
  size_t number() const { return number_; }
  const std::string& name() const { return name_; }
  SubmissionService& submissions() { return submissions_; }
  ChangeService& changes() { return changes_; }
  // Nothing is out and nothing waits to be stored.
  bool Idle() const { return dispatcher_.in_flight() == 0; }

 private:
  void Recover();
  void ExpireLeases();
  void RecoverLater();
  void Serve();

  const Scene s_;
  const Owner process_;
  const size_t number_;
  const std::string name_;
  ReceiptJournal* const journal_;
  bool alive_ = true;
  bool serves_ = false;
  bool draining_ = false;
  Dice random_;
  ReplicaClock clock_;
  ReplicaTimers timers_;
  StoreLink store_;
  UpstreamLink upstream_;
  NullLogger logger_;
  ChangeHub hub_;
  SubmissionIdGenerator ids_;
  Dispatcher dispatcher_;
  SubmissionService submissions_;
  ChangeService changes_;
  RetentionSweeper sweeper_;
};

}  // namespace genledger::simulation
