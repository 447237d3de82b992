// Sends claimed attempts upstream and records their outcomes: the one owner of every state change
// after the insert.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/base/clock.h"
#include "service/base/logger.h"
#include "service/base/random_source.h"
#include "service/base/secret.h"
#include "service/base/timer_queue.h"
#include "service/dispatch/change_hub.h"
#include "service/domain/submission.h"
#include "service/domain/transitions.h"
#include "service/upstream/backoff_policy.h"
#include "service/upstream/retry_policy.h"
#include "service/upstream/upstream_client.h"
#include "storage/workflow_store.h"

namespace genledger {

struct DispatcherOptions {
  std::string replica;           // names this process in attempts and events
  std::string upstream_account;  // only its submissions are claimed
  // How many attempts may be out at once; more wait as PENDING rows.
  int32_t concurrency_max = 1000;
  // One attempt, re-sends of 409 idempotency_in_progress included (DESIGN.md section 6).
  absl::Duration attempt_timeout = absl::Seconds(60);
  // Must exceed attempt_timeout, or an attempt could outlive its lease.
  absl::Duration lease = absl::Seconds(90);
  bool send_idempotency_key = true;
  // What is done about outcomes that nobody can know.
  AmbiguityRules ambiguity;
  RetryPolicyOptions retry;
  BackoffPolicyOptions backoff;
};

// Thread safe and event driven: it owns no thread, never blocks and never sleeps. All its
// collaborators must outlive it.
class Dispatcher {
 public:
  struct Collaborators {
    WorkflowStore* store;
    UpstreamClient* upstream;
    ChangeHub* hub;
    TimerQueue* timers;
    Clock* clock;
    RandomSource* random;
    Logger* logger;
  };

  // The right to have one attempt out. Movable; gives itself back when destroyed.
  class Slot {
   public:
    Slot(Slot&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
    Slot& operator=(Slot&& other) noexcept {
      std::swap(owner_, other.owner_);
      return *this;
    }
    ~Slot() {
      if (owner_ != nullptr) {
        owner_->ReturnSlot();
      }
    }

   private:
    friend class Dispatcher;
    explicit Slot(Dispatcher* owner) : owner_(owner) {}
    Dispatcher* owner_;
  };

  Dispatcher(DispatcherOptions options, Collaborators collaborators);

  // Starts to claim what is PENDING. Call once, after recovery.
  void Start();

  // A slot for a brand-new submission; nullopt if none is free, if older work waits for one, or
  // while draining.
  std::optional<Slot> TryReserve();

  // The claim that a reserved slot may commit.
  Claim MakeClaim() const;

  // POSTs an attempt whose commit is not in doubt.
  void Launch(Submission submission, Attempt attempt, Slot slot);

  // A PENDING row may be due: looks for it.
  void Wake();

  // Claims nothing from now on; attempts that are out go on. See also in_flight().
  void StopClaiming();

  int32_t in_flight() const;

  // Blocks until no attempt is out and none waits for its outcome to be stored, or until
  // `deadline`. Whether it was reached without any left.
  bool AwaitIdle(absl::Time deadline);

 private:
  struct Flight;

  void ReturnSlot();
  void Send(std::shared_ptr<Flight> flight);
  void OnResult(std::shared_ptr<Flight> flight, AttemptResult result);
  bool GoOnAfterInProgress(std::shared_ptr<Flight> flight, const AttemptResult& result);
  void RecordOutcome(std::shared_ptr<Flight> flight, AttemptResult result);
  void CommitOutcome(std::shared_ptr<Flight> flight, FinishAttempt finish,
                     absl::Duration retry_store_after);
  void NoteUnstored(const Flight& flight, bool unstored);
  bool HasUnstoredOutcome(const SubmissionId& id) const;
  void ReadBack(std::shared_ptr<Flight> flight);
  void OnOutcomeCommitted(const Flight& flight, const Submission& submission);
  std::optional<absl::Time> RetryTime(const Submission& submission,
                                      const AttemptResult& result) const;

  void Pump();
  void OnClaimed(int32_t reserved, absl::StatusOr<ClaimDueOutcome> outcome);
  void LaunchClaimed(int32_t reserved, absl::StatusOr<ClaimDueOutcome> outcome);
  void SchedulePump(absl::Time when);
  bool Idle() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return in_use_ == 0; }

  const DispatcherOptions options_;
  WorkflowStore* const store_;
  UpstreamClient* const upstream_;
  ChangeHub* const hub_;
  TimerQueue* const timers_;
  Clock* const clock_;
  Logger* const logger_;
  const RetryPolicy retry_;
  const BackoffPolicy backoff_;

  mutable absl::Mutex mu_;
  bool started_ ABSL_GUARDED_BY(mu_) = false;
  bool claiming_stopped_ ABSL_GUARDED_BY(mu_) = false;
  int32_t in_use_ ABSL_GUARDED_BY(mu_) = 0;
  // More PENDING rows are due than there were slots: new submissions queue up behind them.
  bool backlog_ ABSL_GUARDED_BY(mu_) = false;
  // One ClaimDue at a time; a wake-up in between is remembered.
  bool claim_running_ ABSL_GUARDED_BY(mu_) = false;
  bool claim_again_ ABSL_GUARDED_BY(mu_) = false;
  // Attempts whose outcome is known here, but not yet taken by the store.
  std::set<std::pair<SubmissionId, int32_t>> unstored_ ABSL_GUARDED_BY(mu_);
  absl::Time pump_time_ ABSL_GUARDED_BY(mu_) = absl::InfiniteFuture();
  TimerQueue::Id pump_timer_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace genledger
