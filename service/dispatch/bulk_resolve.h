// One decision for all submissions that nobody knows the outcome of and that a filter names.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "service/base/clock.h"
#include "service/base/ids.h"
#include "service/base/principal.h"
#include "service/base/timer_queue.h"
#include "service/dispatch/change_hub.h"
#include "service/domain/operator_transitions.h"
#include "storage/workflow_store.h"

namespace genledger {

struct BulkResolution {
  // Empty: the caller's own; "-": all.
  std::string tenant;
  // As of ListSubmissions; empty: every OUTCOME_UNKNOWN submission of the tenant.
  std::string filter;
  Resolution resolution;
  // Counts and samples only.
  bool dry_run = false;
};

inline constexpr size_t kBulkSampleMax = 100;

struct BulkResolved {
  int64_t matched = 0;
  int64_t resolved = 0;              // fewer where one changed in between; 0 in a dry run
  std::vector<SubmissionId> sample;  // the oldest kBulkSampleMax that matched
};

struct BulkCollaborators {
  WorkflowStore* store;
  ChangeHub* hub;
  TimerQueue* timers;  // the pages are asked for on its thread
  Clock* clock;
};

// Walks them from the oldest, a page at a time, each submission in a write of its own that happens
// only if it is still as the filter saw it. Never blocks; answers once, on any thread.
// INVALID_ARGUMENT FIELD_INVALID: a bad filter, no note, or a task to adopt; PERMISSION_DENIED
// unless an operator asks. UNAVAILABLE: the store failed or the server drains on the way; what is
// resolved by then stays so, and a repeat goes on with the rest.
void ResolveInBulk(const BulkCollaborators& collaborators, const Principal& caller,
                   BulkResolution bulk,
                   absl::AnyInvocable<void(absl::StatusOr<BulkResolved>)> done);

}  // namespace genledger
