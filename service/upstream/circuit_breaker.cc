#include "service/upstream/circuit_breaker.h"

#include <algorithm>

#include "service/base/check.h"
#include "service/upstream/local_refusal.h"

namespace genledger {

CircuitBreaker::CircuitBreaker(std::string scope, CircuitBreakerOptions options,
                               std::unique_ptr<BreakerPolicy> policy)
    : scope_(std::move(scope)), options_(options), policy_(std::move(policy)) {
  GL_CHECK(policy_ != nullptr, "a breaker needs a policy");
  GL_CHECK(options.open_initial > absl::ZeroDuration() && options.open_max >= options.open_initial,
           "a breaker must stay open for a while");
}

CircuitBreaker::Admission CircuitBreaker::Admit(absl::Time now) {
  absl::MutexLock lock(&mu_);
  // Kept, so that a clock that was set back counts down from here on.
  retry_time_ = RetryTime(now);
  if (std::optional<BreakerRefusal> refusal = Refusal(now); refusal.has_value()) {
    return *std::move(refusal);
  }
  if (state_ == BreakerState::kClosed) {
    return Permit(this, generation_, /*probe=*/false);
  }
  state_ = BreakerState::kHalfOpen;
  probe_out_ = true;
  return Permit(this, generation_, /*probe=*/true);
}

std::optional<BreakerRefusal> CircuitBreaker::WouldAdmit(absl::Time now) const {
  absl::MutexLock lock(&mu_);
  return Refusal(now);
}

absl::Time CircuitBreaker::RetryTime(absl::Time now) const {
  return std::min(retry_time_, now + open_duration_);
}

std::optional<BreakerRefusal> CircuitBreaker::Refusal(absl::Time now) const {
  absl::Time retry_time = now + options_.probe_recheck;
  switch (state_) {
    case BreakerState::kClosed:
      return std::nullopt;
    case BreakerState::kOpen:
      retry_time = RetryTime(now);
      if (retry_time <= now) {
        return std::nullopt;
      }
      break;
    case BreakerState::kHalfOpen:
      if (!probe_out_) {
        return std::nullopt;
      }
      break;
  }
  return BreakerRefusal{
      .reason = trip_.reason, .retry_time = retry_time, .scope = scope_, .text = trip_.text};
}

BreakerChange CircuitBreaker::Record(Permit permit, std::string_view model,
                                     const AttemptResult& result, absl::Time now) {
  GL_CHECK(permit.owner_ == this, "a permit of another breaker");
  // From here on the probe's place is freed below, not by the destructor (which would lock again).
  permit.owner_ = nullptr;
  const bool says_nothing = IsLocalRefusal(result) || result.outcome == AttemptClass::kInProgress;
  absl::MutexLock lock(&mu_);
  if (permit.generation_ != generation_) {
    return BreakerChange::kNone;
  }
  if (permit.probe_) {
    probe_out_ = false;
    return says_nothing ? BreakerChange::kProbeFreed : RecordProbe(model, result, now);
  }
  if (says_nothing) {
    return BreakerChange::kNone;
  }
  std::optional<BreakerTrip> trip = policy_->Observe(model, result, now);
  if (!trip.has_value()) {
    return BreakerChange::kNone;
  }
  Open(*std::move(trip), options_.open_initial, now);
  return BreakerChange::kOpened;
}

BreakerChange CircuitBreaker::RecordProbe(std::string_view model, const AttemptResult& result,
                                          absl::Time now) {
  ProbeVerdict verdict = policy_->JudgeProbe(model, result);
  if (auto* trip = std::get_if<BreakerTrip>(&verdict); trip != nullptr) {
    Open(std::move(*trip), std::min(2 * open_duration_, options_.open_max), now);
    return BreakerChange::kOpened;
  }
  if (std::holds_alternative<ProbeWorked>(verdict)) {
    Close();
    return BreakerChange::kClosed;
  }
  return BreakerChange::kProbeFreed;
}

void CircuitBreaker::Open(BreakerTrip trip, absl::Duration duration, absl::Time now) {
  state_ = BreakerState::kOpen;
  ++generation_;
  trip_ = std::move(trip);
  open_duration_ = duration;
  retry_time_ = now + duration;
}

void CircuitBreaker::Close() {
  state_ = BreakerState::kClosed;
  ++generation_;
  trip_ = {};
  open_duration_ = absl::ZeroDuration();
  retry_time_ = absl::InfinitePast();
  policy_->OnClosed();
}

void CircuitBreaker::FreeProbe(int64_t generation) {
  absl::MutexLock lock(&mu_);
  if (generation == generation_) {
    probe_out_ = false;
  }
}

BreakerSnapshot CircuitBreaker::Snapshot(absl::Time now) const {
  absl::MutexLock lock(&mu_);
  BreakerSnapshot snapshot{.scope = scope_, .state = state_, .trip = trip_};
  if (state_ == BreakerState::kOpen) {
    if (const absl::Time retry_time = RetryTime(now); retry_time > now) {
      snapshot.retry_time = retry_time;
    } else {
      // Nobody has asked since its time was over: the next one will be the probe.
      snapshot.state = BreakerState::kHalfOpen;
    }
  }
  return snapshot;
}

}  // namespace genledger
