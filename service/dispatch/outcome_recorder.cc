#include "service/dispatch/outcome_recorder.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_join.h"
#include "service/dispatch/receipt_replay.h"

namespace genledger {
namespace {

constexpr absl::Duration kRetryInitial = absl::Milliseconds(100);
constexpr absl::Duration kRetryMax = absl::Seconds(5);
// How often one outcome that waits is logged.
constexpr absl::Duration kLogInterval = absl::Minutes(1);

std::string Joined(const std::vector<TaskId>& task_ids) {
  return absl::StrJoin(
      task_ids, ",", [](std::string* out, const TaskId& task_id) { out->append(task_id.value()); });
}

// Also a store that is broken may be put right: a table comes back, a right is granted again. Until
// then only what waits here keeps a policy from paying again (HasUnstored).
bool MayBeTakenLater(const absl::Status& error) {
  return absl::IsUnavailable(error) || absl::IsInternal(error);
}

}  // namespace

void OutcomeRecorder::Record(SubmissionId id, FinishAttempt finish, Done done) {
  Offer(std::make_shared<Outcome>(Outcome{.id = std::move(id),
                                          .finish = std::move(finish),
                                          .done = std::move(done),
                                          .retry_after = kRetryInitial}));
}

void OutcomeRecorder::Offer(std::shared_ptr<Outcome> outcome) {
  ApplyCommand command{.key = outcome->id, .transition = outcome->finish};
  c_.store->Apply(std::move(command),
                  [this, outcome = std::move(outcome)](absl::StatusOr<Submission> stored) mutable {
                    if (stored.ok()) {
                      ForgetReceipt(*outcome);
                      End(*outcome, *std::move(stored));
                      return;
                    }
                    OnRefused(std::move(outcome), stored.status());
                  });
}

void OutcomeRecorder::OnRefused(std::shared_ptr<Outcome> outcome, const absl::Status& error) {
  // Not at every try: thousands may wait, and the log may lie on the disk that is full.
  if (const absl::Time now = c_.clock->Now(); now >= outcome->next_log_time) {
    outcome->next_log_time = now + kLogInterval;
    c_.logger->Log(Severity::kError, "outcome_not_stored",
                   {{"submission", outcome->id.value()},
                    {"attempt", std::to_string(outcome->finish.attempt)},
                    {"task_ids", Joined(outcome->finish.result.task_ids)},
                    {"error", error.ToString()}});
  }
  if (absl::IsAborted(error)) {
    ReadBack(std::move(outcome));
    return;
  }
  KeepReceipt(*outcome);
  if (!MayBeTakenLater(error)) {
    End(*outcome, std::nullopt);  // no such submission: offering it again cannot help
    return;
  }
  OfferAgain(std::move(outcome));
}

void OutcomeRecorder::OfferAgain(std::shared_ptr<Outcome> outcome) {
  NoteUnstored(*outcome, true);
  const absl::Time when = c_.clock->Now() + outcome->retry_after;
  outcome->retry_after = std::min(2 * outcome->retry_after, kRetryMax);
  c_.timers->At(when,
                [this, outcome = std::move(outcome)]() mutable { Offer(std::move(outcome)); });
}

void OutcomeRecorder::KeepReceipt(Outcome& outcome) {
  if (c_.journal == nullptr || outcome.in_journal ||
      outcome.finish.result.outcome != AttemptClass::kAccepted) {
    return;
  }
  if (!outcome.receipt.has_value()) {
    outcome.receipt = ReceiptOf(outcome.id, outcome.finish, c_.clock->Now());
  }
  const absl::Status kept = c_.journal->Append(*outcome.receipt);
  outcome.in_journal = kept.ok();
  if (!kept.ok()) {
    c_.logger->Log(Severity::kError, "receipt_not_written",
                   {{"submission", outcome.id.value()}, {"error", kept.ToString()}});
  }
}

void OutcomeRecorder::ForgetReceipt(const Outcome& outcome) {
  if (!outcome.in_journal) {
    return;
  }
  // It would only be replayed at the next start, and change nothing.
  if (const absl::Status forgotten = c_.journal->Forget(*outcome.receipt); !forgotten.ok()) {
    c_.logger->Log(Severity::kWarning, "receipt_not_forgotten",
                   {{"submission", outcome.id.value()}, {"error", forgotten.ToString()}});
  }
}

// The outcome was fenced off, or an earlier commit of it was in doubt and did happen: whoever waits
// is told what is there.
void OutcomeRecorder::ReadBack(std::shared_ptr<Outcome> outcome) {
  GetQuery query{.key = outcome->id, .with_attempts = true};
  c_.store->Get(std::move(query), [this, outcome = std::move(outcome)](
                                      absl::StatusOr<SubmissionWithAttempts> found) mutable {
    if (!found.ok()) {
      KeepReceipt(*outcome);
      if (MayBeTakenLater(found.status())) {
        OfferAgain(std::move(outcome));
      } else {
        End(*outcome, std::nullopt);
      }
      return;
    }
    if (HasAcceptance(*found, outcome->finish)) {
      ForgetReceipt(*outcome);
    }
    End(*outcome, std::move(found->submission));
  });
}

void OutcomeRecorder::End(Outcome& outcome, std::optional<Submission> submission) {
  NoteUnstored(outcome, false);
  outcome.done(std::move(submission));
}

void OutcomeRecorder::NoteUnstored(const Outcome& outcome, bool unstored) {
  const std::pair attempt(outcome.id, outcome.finish.attempt);
  absl::MutexLock lock(&mu_);
  if (unstored) {
    unstored_[attempt] = outcome.finish.result.outcome == AttemptClass::kAccepted;
  } else {
    unstored_.erase(attempt);
  }
}

bool OutcomeRecorder::HasUnstored(const SubmissionId& id) const {
  absl::MutexLock lock(&mu_);
  const auto first = unstored_.lower_bound({id, 0});
  return first != unstored_.end() && first->first.first == id;
}

int32_t OutcomeRecorder::unstored_acceptances() const {
  absl::MutexLock lock(&mu_);
  return static_cast<int32_t>(std::count_if(unstored_.begin(), unstored_.end(),
                                            [](const auto& one) { return one.second; }));
}

}  // namespace genledger
