#include "tests/simulation/replica.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/dispatch/receipt_replay.h"
#include "tests/simulation/retention.h"

namespace genledger::simulation {
namespace {

// How soon a start that the store refused is tried again.
constexpr absl::Duration kRecoveryRetry = absl::Seconds(1);

}  // namespace

Replica::Replica(const Scene* scene, Owner process, size_t number, absl::Duration skew,
                 ReceiptJournal* journal)
    : s_(*scene),
      process_(process),
      number_(number),
      name_(absl::StrCat("ledger-", number)),
      journal_(journal),
      random_(s_.dice->Next64()),
      clock_(s_.loop, skew),
      timers_(s_.loop, &clock_, process),
      store_(scene, process),
      upstream_(scene, process, &clock_),
      hub_(&timers_),
      ids_(&random_),
      dispatcher_({.replica = name_,
                   .upstream_account = kAccount,
                   .gate = {.limiter = {.limit_initial = s_.options->concurrency_max,
                                        .limit_max = s_.options->concurrency_max},
                            .breakers = {.upstream_scope = kAccount}},
                   .attempt_timeout = kAttemptTimeout,
                   .lease = kLease,
                   .ambiguity = s_.options->rules},
                  {.store = &store_,
                   .journal = journal_,
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
               {.store = &store_, .dispatcher = &dispatcher_, .hub = &hub_}),
      sweeper_({.retention = kRetention,
                .tombstone_retention = kTombstoneRetention,
                .sweep_interval = kSweepInterval},
               {.store = &store_,
                .timers = &timers_,
                .clock = &clock_,
                .timer_clock = &clock_,
                .logger = &logger_}) {}

void Replica::Start() { Recover(); }

// As a start of the server does: the receipts first, then the leases, then the port.
void Replica::Recover() {
  if (journal_->pending_count() > 0) {
    s_.coverage->Saw("a start with receipts");
  }
  store_.AnswerAtOnce(true);  // a start waits for each answer
  const absl::Status replayed = ReplayReceipts(*journal_, store_, name_, logger_);
  store_.AnswerAtOnce(false);
  if (!replayed.ok()) {
    RecoverLater();
  } else if (s_.options->embedded) {
    ExpireLeases();
  } else {
    Serve();
  }
}

// The store proves that whoever was dispatching is dead.
void Replica::ExpireLeases() {
  store_.ExpireAllLeases(name_, s_.options->rules, [this](const absl::StatusOr<int64_t>& expired) {
    if (expired.ok()) {
      Serve();
    } else {
      RecoverLater();
    }
  });
}

// A server that cannot start is started again.
void Replica::RecoverLater() {
  s_.loop->After(kRecoveryRetry, process_, "recovery again", [this] { Recover(); });
}

void Replica::Serve() {
  serves_ = true;
  dispatcher_.Start();
  sweeper_.Start();
}

void Replica::Crash() {
  alive_ = false;
  store_.Die();
  timers_.Stop();
  std::set<std::pair<SubmissionId, int32_t>> on_disk;
  for (const Receipt& receipt : journal_->Pending()) {
    on_disk.emplace(receipt.submission, receipt.attempt);
  }
  s_.auditor->OnCrash(process_, on_disk);
  s_.loop->Drop(process_);
}

void Replica::Drain() {
  draining_ = true;
  submissions_.Drain();
}

}  // namespace genledger::simulation
