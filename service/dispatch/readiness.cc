#include "service/dispatch/readiness.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace genledger {

Readiness::Readiness(ReadinessOptions options, Collaborators collaborators,
                     std::function<void(bool ready)> on_change)
    : options_(options), c_(collaborators), on_change_(std::move(on_change)) {}

void Readiness::Start() {
  {
    absl::MutexLock lock(&mu_);
    started_ = true;
    answer_time_ = c_.clock->Now();
    on_change_(true);
  }
  ProbeLater();
}

void Readiness::Drain() {
  absl::MutexLock lock(&mu_);
  if (started_ && !draining_ && store_ready_) {
    on_change_(false);
  }
  draining_ = true;
}

void Readiness::ProbeLater() {
  c_.timers->At(c_.clock->Now() + options_.probe_interval, [this] { Probe(); });
}

void Readiness::Probe() {
  {
    absl::MutexLock lock(&mu_);
    if (draining_) {
      return;
    }
  }
  c_.store->Count([this](const absl::StatusOr<StoreCounts>& counts) {
    OnProbed(counts.status());
    ProbeLater();
  });
}

void Readiness::OnProbed(const absl::Status& status) {
  const absl::Time now = c_.clock->Now();
  absl::MutexLock lock(&mu_);
  if (status.ok()) {
    answer_time_ = now;
  }
  const bool ready = now - answer_time_ < options_.patience;
  store_error_ = status.ok() ? "" : std::string(status.message());
  if (draining_ || ready == store_ready_) {
    return;
  }
  store_ready_ = ready;
  c_.logger->Log(ready ? Severity::kInfo : Severity::kError, ready ? "ready" : "not_ready",
                 {{"error", store_error_}});
  on_change_(ready);
}

bool Readiness::ready() const {
  absl::MutexLock lock(&mu_);
  return started_ && !draining_ && store_ready_;
}

std::string Readiness::not_ready_reason() const {
  absl::MutexLock lock(&mu_);
  if (draining_) {
    return "this server is shutting down";
  }
  if (!started_) {
    return "this server is starting";
  }
  return store_ready_ ? "" : absl::StrCat("the store does not answer: ", store_error_);
}

}  // namespace genledger
