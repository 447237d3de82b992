#include "service/api/service_status_convert.h"

#include <string>

#include "service/api/proto_convert.h"

namespace genledger {
namespace {

v1::ServiceStatus::Breaker::State StateToProto(BreakerState state) {
  switch (state) {
    case BreakerState::kClosed:
      return v1::ServiceStatus::Breaker::STATE_CLOSED;
    case BreakerState::kOpen:
      return v1::ServiceStatus::Breaker::STATE_OPEN;
    case BreakerState::kHalfOpen:
      return v1::ServiceStatus::Breaker::STATE_HALF_OPEN;
  }
  return v1::ServiceStatus::Breaker::STATE_UNSPECIFIED;
}

void BreakerToProto(const BreakerSnapshot& breaker, v1::ServiceStatus::Breaker* proto) {
  proto->set_scope(breaker.scope);
  proto->set_state(StateToProto(breaker.state));
  proto->set_reason(breaker.trip.text);
  if (breaker.retry_time != absl::InfinitePast()) {
    TimeToProto(breaker.retry_time, proto->mutable_retry_time());
  }
}

}  // namespace

void ServiceStatusToProto(const ServiceStatus& status, v1::ServiceStatus* proto) {
  proto->set_version(status.version);
  proto->set_replica(status.replica);
  TimeToProto(status.start_time, proto->mutable_start_time());
  proto->set_ready(status.ready);
  proto->set_not_ready_reason(status.not_ready_reason);
  proto->set_draining(status.draining);
  proto->set_store(status.store.description);
  proto->set_schema_version(status.store.schema_version);
  for (const BreakerSnapshot& breaker : status.dispatch.breakers) {
    BreakerToProto(breaker, proto->add_breakers());
  }
  proto->set_concurrency_limit(status.dispatch.concurrency_limit);
  proto->set_attempts_in_flight(status.dispatch.attempts_in_flight);
  proto->set_retry_budget_left(status.dispatch.retry_budget_left);
  proto->set_unflushed_receipts(status.unflushed_receipts);
  if (!status.counts.has_value()) {
    return;
  }
  // Every state, so that a reader need not know which are missing because they are zero.
  for (const SubmissionState state : kAllSubmissionStates) {
    (*proto->mutable_submissions_by_state())[std::string(SubmissionStateName(state))] =
        status.counts->Of(state);
  }
  DurationToProto(status.oldest_pending_age, proto->mutable_oldest_pending_age());
  proto->set_unknown_count(status.counts->Of(SubmissionState::kOutcomeUnknown));
}

}  // namespace genledger
