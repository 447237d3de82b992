#include "service/dispatch/status_service.h"

#include <algorithm>
#include <utility>

#include "service/dispatch/access.h"

namespace genledger {

StatusService::StatusService(StatusServiceOptions options, Collaborators collaborators)
    : options_(std::move(options)), c_(collaborators) {}

void StatusService::Get(const Principal& caller,
                        absl::AnyInvocable<void(absl::StatusOr<ServiceStatus>)> done) {
  if (absl::Status status = RequireOperator(caller); !status.ok()) {
    done(std::move(status));
    return;
  }
  c_.store->Count([this, done = std::move(done)](absl::StatusOr<StoreCounts> counts) mutable {
    ServiceStatus status{.version = options_.version,
                         .replica = options_.replica,
                         .start_time = options_.start_time,
                         .ready = c_.readiness->ready(),
                         .not_ready_reason = c_.readiness->not_ready_reason(),
                         .draining = c_.hub->draining(),
                         .store = c_.store->Info(),
                         .dispatch = c_.dispatcher->status()};
    // The journal may be full, or hold what an earlier process left.
    status.unflushed_receipts =
        std::max(c_.journal->pending_count(), status.dispatch.unstored_acceptances);
    if (counts.ok()) {
      const absl::Time oldest = counts->oldest_pending_create_time;
      if (oldest != absl::InfiniteFuture()) {
        status.oldest_pending_age = std::max(c_.clock->Now() - oldest, absl::ZeroDuration());
      }
      status.counts = *std::move(counts);
    }
    // Also while the store does not answer: why it does not is what an operator asks for.
    done(std::move(status));
  });
}

}  // namespace genledger
