#include "service/dispatch/readiness.h"

#include <utility>

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
  bool ask = false;
  {
    absl::MutexLock lock(&mu_);
    if (draining_) {
      return;
    }
    ask = !std::exchange(asking_, true);
    if (!ask) {
      Judge();
    }
  }
  ProbeLater();
  if (ask) {
    c_.store->CheckHealth(
        [this](const absl::StatusOr<absl::Time>& health) { OnProbed(health.status()); });
  }
}

void Readiness::OnProbed(const absl::Status& status) {
  absl::MutexLock lock(&mu_);
  asking_ = false;
  if (status.ok()) {
    answer_time_ = c_.clock->Now();
  }
  store_error_ = status.ok() ? "" : std::string(status.message());
  Judge();
}

void Readiness::Judge() {
  const bool ready = c_.clock->Now() - answer_time_ < options_.patience;
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
  if (store_ready_) {
    return "";
  }
  return store_error_.empty() ? "the store does not answer" : store_error_;
}

}  // namespace genledger
