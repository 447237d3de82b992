// WorkflowStore's calls as plain functions that block: tests wait for answers, never for time.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "service/base/check.h"
#include "storage/workflow_store.h"

namespace genledger {

// A store that has not answered by then never will.
inline constexpr absl::Duration kAnswerDeadline = absl::Minutes(2);

template <typename T, typename Start>
absl::StatusOr<T> Await(Start&& start) {
  absl::Notification answered;
  absl::StatusOr<T> result = absl::UnknownError("not answered");
  start([&](absl::StatusOr<T> answer) {
    result = std::move(answer);
    answered.Notify();
  });
  GL_CHECK(answered.WaitForNotificationWithTimeout(kAnswerDeadline), "the store never answered");
  return result;
}

inline absl::StatusOr<SubmitOutcome> CallSubmit(WorkflowStore& store, SubmitCommand command) {
  return Await<SubmitOutcome>(
      [&](auto done) { store.Submit(std::move(command), std::move(done)); });
}
inline absl::StatusOr<PreviewOutcome> CallPreview(WorkflowStore& store,
                                                  const NewSubmission& request) {
  return Await<PreviewOutcome>([&](auto done) { store.Preview(request, std::move(done)); });
}
inline absl::StatusOr<ClaimDueOutcome> CallClaimDue(WorkflowStore& store, ClaimDueCommand command) {
  return Await<ClaimDueOutcome>(
      [&](auto done) { store.ClaimDue(std::move(command), std::move(done)); });
}
inline absl::StatusOr<Submission> CallApply(WorkflowStore& store, SubmissionId id,
                                            Transition transition) {
  return Await<Submission>([&](auto done) {
    store.Apply({.key = std::move(id), .transition = std::move(transition)}, std::move(done));
  });
}
inline absl::StatusOr<Submission> CallApply(WorkflowStore& store, ApplyCommand command) {
  return Await<Submission>([&](auto done) { store.Apply(std::move(command), std::move(done)); });
}
inline absl::StatusOr<CancelResult> CallCancel(WorkflowStore& store, CancelCommand command) {
  return Await<CancelResult>([&](auto done) { store.Cancel(std::move(command), std::move(done)); });
}
inline absl::StatusOr<int64_t> CallExpireAllLeases(WorkflowStore& store, std::string actor,
                                                   AmbiguityRules rules = {}) {
  return Await<int64_t>(
      [&](auto done) { store.ExpireAllLeases(std::move(actor), rules, std::move(done)); });
}
inline absl::StatusOr<SubmissionWithAttempts> CallGet(WorkflowStore& store, GetQuery query) {
  return Await<SubmissionWithAttempts>(
      [&](auto done) { store.Get(std::move(query), std::move(done)); });
}
inline absl::StatusOr<std::vector<SubmissionWithAttempts>> CallBatchGet(WorkflowStore& store,
                                                                        BatchGetQuery query) {
  return Await<std::vector<SubmissionWithAttempts>>(
      [&](auto done) { store.BatchGet(std::move(query), std::move(done)); });
}
inline absl::StatusOr<ListPage> CallList(WorkflowStore& store, ListQuery query) {
  return Await<ListPage>([&](auto done) { store.List(std::move(query), std::move(done)); });
}
inline absl::StatusOr<PurgeOutcome> CallPurge(WorkflowStore& store, PurgeCommand command) {
  return Await<PurgeOutcome>([&](auto done) { store.Purge(std::move(command), std::move(done)); });
}
inline absl::StatusOr<absl::Time> CallCheckHealth(WorkflowStore& store) {
  return Await<absl::Time>([&](auto done) { store.CheckHealth(std::move(done)); });
}
inline absl::StatusOr<StoreCounts> CallCount(WorkflowStore& store) {
  return Await<StoreCounts>([&](auto done) { store.Count(std::move(done)); });
}
inline absl::StatusOr<std::vector<SubmissionEvent>> CallListEvents(WorkflowStore& store,
                                                                   ListEventsQuery query) {
  return Await<std::vector<SubmissionEvent>>(
      [&](auto done) { store.ListEvents(std::move(query), std::move(done)); });
}

}  // namespace genledger
