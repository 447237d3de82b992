// Brings the outcome of an attempt into the store, however long that takes (DESIGN.md section 6,
// "Receipts").
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/base/clock.h"
#include "service/base/ids.h"
#include "service/base/logger.h"
#include "service/base/timer_queue.h"
#include "service/dispatch/receipt_journal.h"
#include "service/domain/attempt_transitions.h"
#include "service/domain/submission.h"
#include "storage/workflow_store.h"

namespace genledger {

// Thread safe. While the store takes an outcome nothing here blocks; once it has failed to take an
// acceptance, the receipt is written and synced on the thread that learned of it.
class OutcomeRecorder {
 public:
  struct Collaborators {
    WorkflowStore* store;
    ReceiptJournal* journal;  // nullptr: there is none, receipts are logged only
    TimerQueue* timers;
    Clock* clock;
    Logger* logger;
  };
  // The submission as the store has it once it knows the outcome, or once the outcome was fenced
  // off by what is there; nullopt if the store will never take it (logged as an error, and an
  // acceptance stays in the journal).
  using Done = absl::AnyInvocable<void(std::optional<Submission>)>;

  explicit OutcomeRecorder(Collaborators collaborators) : c_(collaborators) {}

  // Offers `finish` to the store until it takes it: 100 ms after the first failure, doubling to 5
  // s. `done` is called once, on the store's thread or this one.
  void Record(SubmissionId id, FinishAttempt finish, Done done);

  // Whether the outcome of an attempt of this submission waits for the store.
  bool HasUnstored(const SubmissionId& id) const;
  // Acceptances that wait for the store, in the journal or not.
  int32_t unstored_acceptances() const;

 private:
  struct Outcome {
    SubmissionId id;
    FinishAttempt finish;
    Done done;
    std::optional<Receipt> receipt;  // of an acceptance, once the store has failed to take it
    bool in_journal = false;
    absl::Duration retry_after;
    absl::Time next_log_time = absl::InfinitePast();
  };

  void Offer(std::shared_ptr<Outcome> outcome);
  void OfferAgain(std::shared_ptr<Outcome> outcome);
  void OnRefused(std::shared_ptr<Outcome> outcome, const absl::Status& error);
  void KeepReceipt(Outcome& outcome);
  void ForgetReceipt(const Outcome& outcome);
  void ReadBack(std::shared_ptr<Outcome> outcome);
  void End(Outcome& outcome, std::optional<Submission> submission);
  void NoteUnstored(const Outcome& outcome, bool unstored);

  const Collaborators c_;
  mutable absl::Mutex mu_;
  // By submission and attempt; whether it is an acceptance.
  std::map<std::pair<SubmissionId, int32_t>, bool> unstored_ ABSL_GUARDED_BY(mu_);
};

}  // namespace genledger
