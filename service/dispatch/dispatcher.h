// Sends claimed attempts upstream and records their outcomes: the one owner of every state change
// after the insert.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/base/clock.h"
#include "service/base/logger.h"
#include "service/base/random_source.h"
#include "service/base/secret.h"
#include "service/base/timer_queue.h"
#include "service/dispatch/attempt_gate.h"
#include "service/dispatch/change_hub.h"
#include "service/dispatch/outcome_recorder.h"
#include "service/dispatch/receipt_journal.h"
#include "service/domain/submission.h"
#include "service/domain/transitions.h"
#include "service/upstream/backoff_policy.h"
#include "service/upstream/retry_budget.h"
#include "service/upstream/retry_policy.h"
#include "service/upstream/upstream_client.h"
#include "storage/workflow_store.h"

namespace genledger {

struct DispatcherOptions {
  std::string replica;           // names this process in attempts and events
  std::string upstream_account;  // only its submissions are claimed
  // How many attempts may be out at once (more wait as PENDING rows), and what stops them.
  AttemptGate::Options gate;
  // One attempt, re-sends of 409 idempotency_in_progress included (DESIGN.md section 6).
  absl::Duration attempt_timeout = absl::Seconds(60);
  // How long the store is left alone when it has nothing due: what another process left behind, or
  // a commit that was in doubt, is found after this at the latest.
  absl::Duration reconcile_interval = absl::Seconds(30);
  // Must exceed attempt_timeout, or an attempt could outlive its lease.
  absl::Duration lease = absl::Seconds(90);
  bool send_idempotency_key = true;
  // What is done about outcomes that nobody can know.
  AmbiguityRules ambiguity;
  RetryPolicyOptions retry;
  BackoffPolicyOptions backoff;
  RetryBudgetOptions retry_budget;
};

// What a status page shows.
struct DispatchStatus {
  std::vector<BreakerSnapshot> breakers;  // the upstream's first
  int32_t concurrency_limit = 0;
  int32_t attempts_in_flight = 0;
  int32_t unstored_acceptances = 0;
  double retry_budget_left = 0;  // tokens; below zero: as many retries wait for theirs
};

// Thread safe and event driven: it owns no thread, never blocks and never sleeps. All its
// collaborators must outlive it.
class Dispatcher {
 public:
  struct Collaborators {
    WorkflowStore* store;
    ReceiptJournal* journal;  // nullptr: none
    UpstreamClient* upstream;
    ChangeHub* hub;
    TimerQueue* timers;
    Clock* clock;
    RandomSource* random;
    Logger* logger;
  };

  using Slot = AttemptGate::Slot;
  // For a brand-new submission.
  struct Reservation {
    // Unset: it waits as PENDING, because no slot is free, older work waits for one, or this
    // process drains.
    std::optional<Slot> slot;
    // Not OK: a breaker is open, and what nothing answers yet must be refused with this before it
    // is recorded.
    absl::Status refusal;
  };

  Dispatcher(DispatcherOptions options, Collaborators collaborators);

  // Starts to claim what is PENDING. Call once, after recovery.
  void Start();

  Reservation Reserve();

  // The claim that a reserved slot may commit.
  Claim MakeClaim(const Slot& slot) const { return MakeClaim(slot.fingerprint()); }

  // POSTs an attempt whose commit is not in doubt.
  void Launch(const Submission& submission, Attempt attempt, Slot slot);

  // A PENDING row may be due: looks for it.
  void Wake();

  // Claims nothing from now on; attempts that are out go on.
  void StopClaiming();

  // Blocks until no attempt is out and none waits for its outcome to be stored, or until
  // `deadline`. Whether it was reached without any left.
  bool AwaitIdle(absl::Time deadline) const { return gate_.AwaitIdle(deadline); }

  // Attempts that are out or whose outcome is not stored yet.
  int32_t in_flight() const { return gate_.in_use(); }
  DispatchStatus status() const;

 private:
  struct Flight;

  Claim MakeClaim(std::string fingerprint) const;
  void Send(std::shared_ptr<Flight> flight);
  void OnResult(std::shared_ptr<Flight> flight, AttemptResult result);
  bool GoOnAfterInProgress(const std::shared_ptr<Flight>& flight, const AttemptResult& result);
  void RecordOutcome(std::shared_ptr<Flight> flight, AttemptResult result);
  void TellGate(Flight& flight, const AttemptResult& result);
  void OnOutcomeStored(const Flight& flight, const std::optional<Submission>& stored);
  // By our clock.
  std::optional<absl::Time> RetryTime(const Flight& flight, const AttemptResult& result,
                                      absl::Time after_backoff);

  void Pump();
  void OnSlotFree();
  // `asked`: when the store was, by our clock.
  void OnClaimed(absl::Time asked, AttemptGate::Batch batch,
                 absl::StatusOr<ClaimDueOutcome> outcome);
  void LaunchClaimed(std::vector<Slot> slots, ClaimDueOutcome outcome);
  void SchedulePump(absl::Time when);

  const DispatcherOptions options_;
  WorkflowStore* const store_;
  UpstreamClient* const upstream_;
  ChangeHub* const hub_;
  TimerQueue* const timers_;
  Clock* const clock_;
  Logger* const logger_;
  const RetryPolicy retry_;
  const BackoffPolicy backoff_;
  RetryBudget retry_budget_;
  OutcomeRecorder recorder_;
  AttemptGate gate_;

  mutable absl::Mutex mu_;
  bool started_ ABSL_GUARDED_BY(mu_) = false;
  bool claiming_stopped_ ABSL_GUARDED_BY(mu_) = false;
  // More PENDING rows are due than there were slots: new submissions queue up behind them.
  bool backlog_ ABSL_GUARDED_BY(mu_) = false;
  // One ClaimDue at a time; a wake-up in between is remembered.
  bool claim_running_ ABSL_GUARDED_BY(mu_) = false;
  bool claim_again_ ABSL_GUARDED_BY(mu_) = false;
  absl::Time pump_time_ ABSL_GUARDED_BY(mu_) = absl::InfiniteFuture();
  TimerQueue::Id pump_timer_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace genledger
