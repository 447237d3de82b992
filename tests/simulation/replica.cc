#include "tests/simulation/replica.h"

#include <utility>

namespace genledger::simulation {
namespace {

// What replicas that share a store do besides being woken (DESIGN.md section 7).
constexpr absl::Duration kPollInterval = absl::Minutes(5);
constexpr absl::Duration kRecoveryRetry = absl::Seconds(1);

}  // namespace

Replica::Replica(const Scene* scene, Owner process, std::string name, absl::Duration skew)
    : s_(*scene),
      process_(process),
      name_(std::move(name)),
      random_(s_.dice->Next64()),
      clock_(s_.loop, skew),
      timers_(s_.loop, &clock_, process),
      store_(scene, process),
      upstream_(scene, process, &clock_),
      hub_(&timers_),
      ids_(&random_),
      dispatcher_({.replica = name_,
                   .upstream_account = kAccount,
                   .concurrency_max = s_.options->concurrency_max,
                   .attempt_timeout = kAttemptTimeout,
                   .lease = kLease,
                   .ambiguity = s_.options->rules},
                  {.store = &store_,
                   .upstream = &upstream_,
                   .hub = &hub_,
                   .timers = &timers_,
                   .clock = &clock_,
                   .random = &random_,
                   .logger = &logger_}),
      submissions_({.upstream_account = kAccount}, {.store = &store_,
                                                    .dispatcher = &dispatcher_,
                                                    .hub = &hub_,
                                                    .clock = &clock_,
                                                    .ids = &ids_}),
      changes_({.upstream_account = kAccount},
               {.store = &store_, .dispatcher = &dispatcher_, .hub = &hub_}) {}

void Replica::Start() {
  if (s_.options->embedded) {
    Recover();
  } else {
    Serve();
  }
}

// The store proves that whoever was dispatching is dead.
void Replica::Recover() {
  store_.ExpireAllLeases(name_, s_.options->rules, [this](absl::StatusOr<int64_t> expired) {
    if (expired.ok()) {
      Serve();
      return;
    }
    s_.loop->After(kRecoveryRetry, process_, "recovery again", [this] { Recover(); });
  });
}

void Replica::Serve() {
  serves_ = true;
  dispatcher_.Start();
  if (!s_.options->embedded) {
    Poll();
  }
}

void Replica::Poll() {
  s_.loop->After(kPollInterval, process_, "poll", [this] {
    dispatcher_.Wake();
    Poll();
  });
}

void Replica::Crash() {
  alive_ = false;
  store_.Die();
  timers_.Stop();
  s_.auditor->OnCrash(process_);
  s_.loop->Drop(process_);
}

void Replica::Drain() {
  draining_ = true;
  submissions_.Drain();
}

}  // namespace genledger::simulation
