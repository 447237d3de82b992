#include "service/dispatch/attempt_gate.h"

#include <variant>

#include "service/base/check.h"

namespace genledger {

AttemptGate::AttemptGate(Options options, UpstreamClient* upstream, Clock* clock,
                         absl::AnyInvocable<void()> on_leave)
    : upstream_(upstream),
      clock_(clock),
      on_leave_(std::move(on_leave)),
      limiter_(options.limiter),
      breakers_(std::move(options.breakers), {}) {}

// A changed key file closes the account breakers before the next attempt asks them.
AttemptGate::Fingerprints AttemptGate::KeysInForce() {
  UpstreamCredentials credentials = upstream_->credentials();
  absl::MutexLock lock(&mu_);
  if (credentials != credentials_) {
    auto fingerprints = std::make_shared<std::vector<std::string>>();
    fingerprints->reserve(credentials->size());
    for (const UpstreamCredential& credential : *credentials) {
      fingerprints->push_back(credential.fingerprint);
    }
    breakers_.SetKeys(*fingerprints);
    fingerprints_ = std::move(fingerprints);
    credentials_ = std::move(credentials);
  }
  return fingerprints_;
}

bool AttemptGate::TakeSlot() {
  const int32_t limit = limiter_.limit();
  absl::MutexLock lock(&mu_);
  if (in_use_ >= limit) {
    return false;
  }
  ++in_use_;
  return true;
}

void AttemptGate::Leave() {
  {
    absl::MutexLock lock(&mu_);
    --in_use_;
  }
  on_leave_();
}

AttemptGate::Entry AttemptGate::Enter() {
  Batch batch = EnterMany(1);
  Entry entry{.refusal = std::move(batch.refusal)};
  if (!batch.slots.empty()) {
    entry.slot = std::move(batch.slots.front());
  }
  return entry;
}

AttemptGate::Batch AttemptGate::EnterMany(int32_t count_max) {
  Batch batch;
  const Fingerprints fingerprints = KeysInForce();
  const absl::Time now = clock_->Now();
  while (static_cast<int32_t>(batch.slots.size()) < count_max && TakeSlot()) {
    Breakers::Admission admission = breakers_.Admit(*fingerprints, now);
    auto* const permit = std::get_if<Breakers::Permit>(&admission);
    if (permit == nullptr) {
      batch.refusal = std::get<BreakerRefusal>(std::move(admission));
      absl::MutexLock lock(&mu_);
      --in_use_;  // nobody could have waited for this one
      break;
    }
    const bool is_probe = permit->is_probe();
    Slot slot(this, now, std::move(*permit));
    if (!batch.slots.empty() && slot.fingerprint() != batch.slots.front().fingerprint()) {
      break;
    }
    batch.slots.push_back(std::move(slot));
    if (is_probe) {
      break;
    }
  }
  return batch;
}

std::optional<BreakerRefusal> AttemptGate::WouldRefuse() {
  const Fingerprints fingerprints = KeysInForce();
  return breakers_.WouldAdmit(*fingerprints, clock_->Now());
}

Breakers::Change AttemptGate::Record(Slot& slot, std::string_view model,
                                     const AttemptResult& result) {
  GL_CHECK(slot.owner_ == this && slot.permit_.has_value(), "an attempt has one result");
  const absl::Time now = clock_->Now();
  limiter_.OnResult(result, in_use(), now);
  Breakers::Permit permit = *std::exchange(slot.permit_, std::nullopt);
  return breakers_.Record(std::move(permit), model, result, now);
}

int32_t AttemptGate::in_use() const {
  absl::MutexLock lock(&mu_);
  return in_use_;
}

bool AttemptGate::AwaitIdle(absl::Time deadline) const {
  absl::MutexLock lock(&mu_);
  return mu_.AwaitWithDeadline(absl::Condition(this, &AttemptGate::Idle), deadline);
}

std::vector<BreakerSnapshot> AttemptGate::BreakerSnapshots() const {
  return breakers_.Snapshot(clock_->Now());
}

}  // namespace genledger
