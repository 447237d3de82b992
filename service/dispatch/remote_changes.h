// What other replicas do to the submissions that callers of this one wait for.
#pragma once

#include <vector>

#include "absl/time/time.h"
#include "service/base/clock.h"
#include "service/base/ids.h"
#include "service/base/timer_queue.h"
#include "service/dispatch/change_hub.h"
#include "service/dispatch/dispatcher.h"
#include "storage/workflow_store.h"

namespace genledger {

// A change is learnt at once where the store can tell (WorkflowStore::WatchOthers), and by looking
// once a second where it cannot, or did not. Each look also wakes the dispatcher: a replica may
// have died with work that is due. For stores that are shared. Thread safe.
class RemoteChanges {
 public:
  struct Collaborators {
    WorkflowStore* store;  // shut down before this is destroyed
    Dispatcher* dispatcher;
    ChangeHub* hub;
    TimerQueue* timers;  // stopped before this is destroyed
    Clock* clock;
  };

  static constexpr absl::Duration kLookInterval = absl::Seconds(1);
  // Submissions that one look reads at most; those beyond are looked at when they change.
  static constexpr size_t kLookSubmissionsMax = 1000;

  explicit RemoteChanges(Collaborators collaborators) : c_(collaborators) {}

  // Call once.
  void Start();

 private:
  void OnChanged(const std::vector<SubmissionId>& ids);
  // Reads them and hands them to whoever waits.
  void Look(const std::vector<SubmissionId>& ids);
  void LookLater();

  const Collaborators c_;
};

}  // namespace genledger
