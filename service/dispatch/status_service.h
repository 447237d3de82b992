// What one replica is doing, for operators.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/base/clock.h"
#include "service/base/principal.h"
#include "service/dispatch/change_hub.h"
#include "service/dispatch/dispatcher.h"
#include "service/dispatch/readiness.h"
#include "service/dispatch/receipt_journal.h"
#include "storage/workflow_store.h"

namespace genledger {

struct ServiceStatus {
  std::string version;
  std::string replica;
  absl::Time start_time;
  bool ready = false;
  std::string not_ready_reason;  // empty while ready
  bool draining = false;
  StoreInfo store;
  DispatchStatus dispatch;
  // Unset while the store does not answer: everything else is this process's own.
  std::optional<StoreCounts> counts;
  absl::Duration oldest_pending_age = absl::ZeroDuration();  // zero: nothing is PENDING
  // Task ids that the store does not have yet: of this process, and what a start could not bring.
  int32_t unflushed_receipts = 0;
};

struct StatusServiceOptions {
  std::string version;
  std::string replica;
  absl::Time start_time;
};

// Thread safe; never blocks.
class StatusService {
 public:
  struct Collaborators {
    WorkflowStore* store;
    Dispatcher* dispatcher;
    ReceiptJournal* journal;
    Readiness* readiness;
    ChangeHub* hub;
    Clock* clock;
  };

  StatusService(StatusServiceOptions options, Collaborators collaborators);

  // Operators; others PERMISSION_DENIED.
  void Get(const Principal& caller, absl::AnyInvocable<void(absl::StatusOr<ServiceStatus>)> done);

 private:
  const StatusServiceOptions options_;
  const Collaborators c_;
};

}  // namespace genledger
