// Whether this replica should get traffic: it follows the store, with patience (DESIGN.md section
// 7).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/base/clock.h"
#include "service/base/logger.h"
#include "service/base/timer_queue.h"
#include "storage/workflow_store.h"

namespace genledger {

struct ReadinessOptions {
  absl::Duration probe_interval = absl::Seconds(5);
  // The store may fail this long before the replica is taken out of the traffic.
  absl::Duration patience = absl::Seconds(30);
};

// Asks the store for its health (WorkflowStore::CheckHealth), one question at a time: one that is
// not answered counts like a failure. Thread safe.
class Readiness {
 public:
  struct Collaborators {
    WorkflowStore* store;
    TimerQueue* timers;  // stopped before this is destroyed
    Clock* clock;
    Logger* logger;
  };

  // `on_change` is told of every change of ready(), one after another, from Start on.
  Readiness(ReadinessOptions options, Collaborators collaborators,
            std::function<void(bool ready)> on_change);

  // Ready from here on, until the store has failed for long or the server drains.
  void Start();
  // Not ready any more; asks nothing from now on.
  void Drain();

  bool ready() const;
  // One sentence, with what the store said last; empty while ready.
  std::string not_ready_reason() const;

 private:
  void ProbeLater();
  void Probe();
  void OnProbed(const absl::Status& status);
  // Ends readiness, or begins it again.
  void Judge() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const ReadinessOptions options_;
  const Collaborators c_;
  const std::function<void(bool)> on_change_;

  mutable absl::Mutex mu_;
  bool started_ ABSL_GUARDED_BY(mu_) = false;
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
  bool store_ready_ ABSL_GUARDED_BY(mu_) = true;
  bool asking_ ABSL_GUARDED_BY(mu_) = false;
  absl::Time answer_time_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
  std::string store_error_ ABSL_GUARDED_BY(mu_);
};

}  // namespace genledger
