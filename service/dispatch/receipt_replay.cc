#include "service/dispatch/receipt_replay.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/base/status_macros.h"
#include "service/domain/fencing.h"
#include "storage/await_answer.h"

namespace genledger {
namespace {

FinishAttempt AcceptanceOf(const Receipt& receipt, const std::string& actor) {
  FinishAttempt finish{.attempt = receipt.attempt, .epoch = receipt.epoch, .actor = actor};
  finish.result.outcome = AttemptClass::kAccepted;
  finish.result.http_status = receipt.http_status;
  finish.result.task_ids = receipt.task_ids;
  return finish;
}

// Whether the store has said for good that it has no place for the receipt: there is no such
// submission, or it has gone on without this attempt.
bool IsRefusal(const absl::Status& status) {
  return absl::IsNotFound(status) || absl::IsAborted(status) || absl::IsFailedPrecondition(status);
}

absl::Status NotStored(const Receipt& receipt, const absl::Status& reason) {
  return absl::FailedPreconditionError(absl::StrCat(
      "the store fails to take the receipt of submission ", receipt.submission.value(),
      " with task_id ", receipt.task_ids.front().value(),
      ", and without it the submission could be paid for again: mend the store, or note the "
      "task_id, set the receipt journal aside and adopt the task (README, Receipts): ",
      reason.message()));
}

// OK once the store has the receipt.
absl::Status Bring(WorkflowStore& store, const Receipt& receipt, const std::string& actor) {
  const FinishAttempt finish = AcceptanceOf(receipt, actor);
  absl::Status applied =
      AwaitAnswer<Submission>([&](WorkflowStore::Callback<Submission> done) {
        store.Apply({.key = receipt.submission, .transition = finish}, std::move(done));
      }).status();
  if (!absl::IsAborted(applied)) {
    return applied;
  }
  // Fenced off: perhaps because it is there already.
  const absl::StatusOr<SubmissionWithAttempts> found = AwaitAnswer<SubmissionWithAttempts>(
      [&](WorkflowStore::Callback<SubmissionWithAttempts> done) {
        store.Get({.key = receipt.submission, .with_attempts = true}, std::move(done));
      });
  if (!found.ok()) {
    return found.status();
  }
  return HasAcceptance(*found, finish) ? absl::OkStatus() : applied;
}

}  // namespace

Receipt ReceiptOf(const SubmissionId& id, const FinishAttempt& finish, absl::Time time) {
  return {.submission = id,
          .attempt = finish.attempt,
          .epoch = finish.epoch,
          .task_ids = finish.result.task_ids,
          .http_status = finish.result.http_status,
          .time = absl::FromUnixMicros(absl::ToUnixMicros(time))};
}

bool HasAcceptance(const SubmissionWithAttempts& record, const FinishAttempt& finish) {
  return std::any_of(record.attempts.begin(), record.attempts.end(), [&](const Attempt& attempt) {
    return attempt.number == finish.attempt && attempt.outcome == AttemptOutcome::kAccepted &&
           HasAllTasks(attempt, finish.result.task_ids);
  });
}

absl::Status ReplayReceipts(ReceiptJournal& journal, WorkflowStore& store, const std::string& actor,
                            Logger& logger) {
  for (const std::string& damage : journal.damage()) {
    logger.Log(Severity::kError, "receipt_damaged", {{"what", damage}});
  }
  absl::Status failure;
  for (const Receipt& receipt : journal.Pending()) {
    absl::Status stored = Bring(store, receipt, actor);
    if (absl::IsUnavailable(stored)) {
      return stored;
    }
    if (!stored.ok()) {
      logger.Log(Severity::kError, "receipt_not_taken",
                 {{"submission", receipt.submission.value()},
                  {"attempt", std::to_string(receipt.attempt)},
                  {"task_id", receipt.task_ids.front().value()},
                  {"error", stored.ToString()}});
      if (failure.ok() && !IsRefusal(stored)) {
        failure = NotStored(receipt, stored);
      }
      continue;
    }
    GL_RETURN_IF_ERROR(journal.Forget(receipt));
    logger.Log(Severity::kWarning, "receipt_replayed",
               {{"submission", receipt.submission.value()},
                {"attempt", std::to_string(receipt.attempt)},
                {"task_id", receipt.task_ids.front().value()}});
  }
  return failure;
}

}  // namespace genledger
