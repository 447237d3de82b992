// Cancels, operators' words, and the keys and etags that they come with.
#include <string>

#include "tests/storage/store_calls.h"
#include "tests/storage/store_requests.h"
#include "tests/storage/workflow_store_conformance.h"

namespace genledger {
namespace {

using enum SubmissionState;

RequestIdKey ById(const char* request_id) { return {kTestAccount, request_id}; }

CancelResult Cancel(WorkflowStore& store, SubmissionKey key) {
  const auto result =
      CallCancel(store, {.tenant = kTestTenant, .key = std::move(key), .actor = "worker"});
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? *result : CancelResult{};
}

Resolution Adoption(std::string task_id, int32_t attempt = 0) {
  return {.kind = AdoptTask{.task_id = TaskId(std::move(task_id)), .attempt = attempt},
          .note = "seen on the bill",
          .actor = "ops"};
}

TEST_P(WorkflowStoreConformance, CancelOfAPendingSubmissionIsFreeAndLetsGoOfItsHash) {
  const Submission pending = Submit(Request("a boat", "req-1")).submission;
  const CancelResult result = Cancel(store(), pending.id);
  EXPECT_EQ(result.outcome, CancelOutcome::kCancelledFree);
  EXPECT_EQ(result.submission.state, kCancelled);
  EXPECT_EQ(Get(pending.id).submission, result.submission);
  EXPECT_EQ(Submit(Request("a boat", "req-2")).dedupe, DedupeKind::kCreated);
  // The same request_id is answered with what was cancelled.
  const SubmitOutcome replay = Submit(Request("a boat", "req-1"));
  EXPECT_EQ(replay.dedupe, DedupeKind::kReplayed);
  EXPECT_EQ(replay.submission.id, pending.id);
  ExpectGapFreeEvents(pending.id);
}

TEST_P(WorkflowStoreConformance, CancelOfWhatIsOutIsRequestedAndARepeatWithdrawsIt) {
  const SubmitOutcome claimed = SubmitAndClaim(Request("a boat", "req-1"));
  const CancelResult result = Cancel(store(), ById("req-1"));
  EXPECT_EQ(result.outcome, CancelOutcome::kCancelRequested);
  EXPECT_EQ(result.submission.state, kDispatching);
  EXPECT_NE(result.submission.cancel_request_time, absl::InfinitePast());
  EXPECT_EQ(Get(claimed.submission.id).submission, result.submission);
  const Submission wanted = Submit(Request("a boat", "req-1")).submission;
  EXPECT_EQ(wanted.cancel_request_time, absl::InfinitePast());
  EXPECT_EQ(Get(wanted.id).submission, wanted);
  EXPECT_EQ(Cancel(store(), ById("req-1")).outcome, CancelOutcome::kCancelRequested);
  const Submission ended =
      Apply(wanted.id, MakeFinish(*claimed.started_attempt, AttemptClass::kRefused));
  EXPECT_EQ(ended.state, kCancelled);
  EXPECT_EQ(Cancel(store(), wanted.id).outcome, CancelOutcome::kAlreadyTerminal);
  ExpectGapFreeEvents(wanted.id);
}

TEST_P(WorkflowStoreConformance, CancelOfASubmittedSubmissionIsTooLate) {
  const Submission submitted = Submitted(Request("a boat", "req-1"), "task-1");
  EXPECT_EQ(Cancel(store(), ById("req-1")).outcome, CancelOutcome::kTooLate);
  EXPECT_EQ(Get(submitted.id).submission, submitted);
}

TEST_P(WorkflowStoreConformance, CancelByRequestIdDetachesWhileAnotherIsAttached) {
  const SubmissionId id = Submit(Request("a boat", "req-1")).submission.id;
  Submit(Request("a boat", "req-2"));
  EXPECT_EQ(Cancel(store(), ById("req-2")).outcome, CancelOutcome::kDetached);
  Reopen();
  EXPECT_EQ(Get(id).submission.request_id_count, 1);
  EXPECT_EQ(Cancel(store(), ById("req-2")).outcome, CancelOutcome::kDetached);  // no second time
  EXPECT_EQ(Get(id).submission.request_id_count, 1);
  // It still names the submission, and wants it again when it comes back.
  const SubmitOutcome back = Submit(Request("a boat", "req-2"));
  EXPECT_EQ(back.dedupe, DedupeKind::kReplayed);
  EXPECT_EQ(back.submission.id, id);
  EXPECT_EQ(Get(id).submission.request_id_count, 2);
  EXPECT_EQ(Cancel(store(), ById("req-1")).outcome, CancelOutcome::kDetached);
  EXPECT_EQ(Cancel(store(), ById("req-2")).outcome, CancelOutcome::kCancelledFree);
  ExpectGapFreeEvents(id);
}

TEST_P(WorkflowStoreConformance, CancelByRequestIdNeverCancelsWhatAnAnonymousCallerWants) {
  const SubmissionId id = Submit(Request("a boat", "req-1")).submission.id;
  Submit(Request("a boat"));
  EXPECT_EQ(Cancel(store(), ById("req-1")).outcome, CancelOutcome::kDetached);
  EXPECT_EQ(Get(id).submission.state, kPending);
  EXPECT_EQ(Cancel(store(), id).outcome, CancelOutcome::kCancelledFree);
}

TEST_P(WorkflowStoreConformance, ADetachedRequestIdThatReopensWantsTheSubmissionAgain) {
  const SubmitOutcome first = SubmitAndClaim(Request("a boat", "req-1"));
  const SubmissionId id = first.submission.id;
  Submit(Request("a boat", "req-2"));
  EXPECT_EQ(Cancel(store(), ById("req-1")).outcome, CancelOutcome::kDetached);
  Apply(id, MakeFinish(*first.started_attempt, AttemptClass::kRefused));
  clock().Advance(absl::Minutes(1));
  const SubmitOutcome reopened = Submit(Request("a boat", "req-1"));
  ASSERT_EQ(reopened.dedupe, DedupeKind::kReopened);
  EXPECT_EQ(reopened.submission.request_id_count, 2);
  EXPECT_EQ(Get(id).submission, reopened.submission);
  EXPECT_EQ(Cancel(store(), ById("req-2")).outcome, CancelOutcome::kDetached);
  EXPECT_EQ(Cancel(store(), ById("req-1")).outcome, CancelOutcome::kCancelledFree);
}

TEST_P(WorkflowStoreConformance, ADetachedRequestIdThatMovesLeavesTheOthersCounted) {
  const SubmitOutcome first = SubmitAndClaim(Request("a boat", "req-1"));
  const SubmissionId id = first.submission.id;
  Submit(Request("a boat", "req-2"));
  EXPECT_EQ(Cancel(store(), ById("req-1")).outcome, CancelOutcome::kDetached);
  Apply(id, MakeFinish(*first.started_attempt, AttemptClass::kRefused));
  const SubmissionId holder = Submit(Request("a boat", "req-3")).submission.id;
  clock().Advance(absl::Minutes(1));
  EXPECT_EQ(Submit(Request("a boat", "req-1")).submission.id, holder);
  EXPECT_EQ(Get(id).submission.request_id_count, 1);
  EXPECT_EQ(Get(holder).submission.request_id_count, 2);
}

TEST_P(WorkflowStoreConformance, CancelIsForTheTenantsOwnAndTheEtagThatWasSeen) {
  const Submission stored = Submit(Request("a boat", "req-1")).submission;
  const auto foreign = CallCancel(store(), {.tenant = "somebody", .key = stored.id});
  EXPECT_EQ(ReasonOf(foreign.status()), ErrorReason::kSubmissionNotFound);
  const auto foreign_key = CallCancel(store(), {.tenant = "somebody", .key = ById("req-1")});
  EXPECT_EQ(ReasonOf(foreign_key.status()), ErrorReason::kSubmissionNotFound);
  const auto unknown = CallCancel(store(), {.tenant = kTestTenant, .key = ById("req-9")});
  EXPECT_EQ(ReasonOf(unknown.status()), ErrorReason::kSubmissionNotFound);
  const auto stale =
      CallCancel(store(), {.tenant = kTestTenant, .key = stored.id, .etag = "another"});
  EXPECT_EQ(stale.status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ReasonOf(stale.status()), ErrorReason::kEtagMismatch);
  EXPECT_EQ(Get(stored.id).submission, stored);
  EXPECT_TRUE(
      CallCancel(store(), {.tenant = kTestTenant, .key = stored.id, .etag = Etag(stored)}).ok());
}

TEST_P(WorkflowStoreConformance, ApplyTakesEveryKeyATenantAndAnEtag) {
  const Submission stored = Submitted(Request("a boat", "req-1"), "task-1");
  for (const SubmissionKey& key :
       {SubmissionKey(stored.id), SubmissionKey(ById("req-1")), SubmissionKey(TaskId("task-1"))}) {
    const auto foreign =
        CallApply(store(), {.tenant = "somebody", .key = key, .transition = ReleaseDedupe{}});
    EXPECT_EQ(ReasonOf(foreign.status()), ErrorReason::kSubmissionNotFound);
    const auto stale = CallApply(
        store(),
        {.tenant = kTestTenant, .key = key, .etag = "other", .transition = ReleaseDedupe{}});
    EXPECT_EQ(ReasonOf(stale.status()), ErrorReason::kEtagMismatch);
  }
  EXPECT_EQ(Get(stored.id).submission, stored);
  const auto released = CallApply(store(), {.tenant = kTestTenant,
                                            .key = ById("req-1"),
                                            .etag = Etag(stored),
                                            .transition = ReleaseDedupe{.actor = "w"}});
  ASSERT_TRUE(released.ok()) << released.status();
  EXPECT_FALSE(released->holds_hash);
  // Nothing left to change: answered as it is, with nothing written.
  const auto again =
      CallApply(store(), {.key = TaskId("task-1"), .transition = ReleaseDedupe{.actor = "w"}});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, *released);
  EXPECT_EQ(Submit(Request("a boat")).dedupe, DedupeKind::kCreated);
  ExpectGapFreeEvents(stored.id);
}

TEST_P(WorkflowStoreConformance, AdoptionSettlesAnUnknownOutcome) {
  const Submission unknown = Unknown(Request("a boat", "req-1"));
  const Submission adopted = Apply(unknown.id, Adoption("task-9"));
  EXPECT_EQ(adopted.state, kSubmitted);
  EXPECT_EQ(Get(unknown.id).submission, adopted);
  const auto by_task = CallGet(store(), {.tenant = kTestTenant, .key = TaskId("task-9")});
  ASSERT_TRUE(by_task.ok());
  EXPECT_EQ(by_task->submission.id, unknown.id);
  ExpectGapFreeEvents(unknown.id);
}

TEST_P(WorkflowStoreConformance, ATaskThatAnyAttemptOfTheAccountHasIsNotAdopted) {
  Submitted(Request("a plane", "req-1"), "mine");
  NewSubmission foreign = Request("a train");
  foreign.scope.tenant = "somebody";
  Submitted(foreign, "theirs");
  const Submission unknown = Unknown(Request("a boat"));
  for (const char* task_id : {"mine", "theirs"}) {
    const auto adopted = CallApply(store(), unknown.id, Adoption(task_id));
    EXPECT_EQ(ReasonOf(adopted.status()), ErrorReason::kFieldInvalid) << task_id;
  }
  EXPECT_EQ(Get(unknown.id).submission, unknown);
}

TEST_P(WorkflowStoreConformance, ATaskOfAnotherAccountIsAnotherTask) {
  NewSubmission elsewhere = Request("a boat");
  elsewhere.scope.upstream_account = "elsewhere";
  Submitted(elsewhere, "task-1");
  const Submission unknown = Unknown(Request("a boat"));
  EXPECT_EQ(Apply(unknown.id, Adoption("task-1")).state, kSubmitted);
}

TEST_P(WorkflowStoreConformance, DeclaredAbandonedAndRetriedAreStoredWholly) {
  const Submission declared = Unknown(Request("a boat", "req-1"));
  const Submission failed = Apply(declared.id, Resolution{.kind = DeclareNotAccepted{}});
  EXPECT_EQ(failed.state, kFailed);
  EXPECT_EQ(failed.charges_max, 0);
  EXPECT_EQ(Get(failed.id).submission, failed);
  EXPECT_EQ(Get(failed.id).attempts.at(0).outcome, AttemptOutcome::kDeclaredNotAccepted);
  const Submission retried = Apply(failed.id, RetryRun{.actor = "ops"});
  EXPECT_EQ(Get(failed.id).submission, retried);
  EXPECT_EQ(Submit(Request("a boat")).submission.id, failed.id);  // holds its hash again
  const Submission lost = Unknown(Request("a plane"));
  const Submission abandoned = Apply(lost.id, Resolution{.kind = Abandon{}});
  EXPECT_EQ(abandoned.state, kAbandoned);
  EXPECT_EQ(Get(lost.id).submission, abandoned);
}

TEST_P(WorkflowStoreConformance, RetryIsRefusedWhileAnotherHoldsTheContent) {
  const Submission failed = Failed(Request("a boat", "req-1"));
  Submit(Request("a boat", "req-2"));
  EXPECT_EQ(ReasonOf(CallApply(store(), failed.id, RetryRun{}).status()),
            ErrorReason::kIllegalState);
}

TEST_P(WorkflowStoreConformance, AnAbandonedContentAnswersRequestsWithoutARequestIdForItsWindow) {
  const Submission unknown = Unknown(Request("a boat", "req-1"));
  const Submission abandoned = Apply(unknown.id, Resolution{.kind = Abandon{}});
  Reopen();
  const auto anonymous = CallSubmit(store(), {.request = Request("a boat")});
  EXPECT_EQ(ReasonOf(anonymous.status()), ErrorReason::kSubmissionAbandoned);
  EXPECT_EQ(Submit(Request("a boat", "req-1")).submission.id, abandoned.id);
  const SubmitOutcome fresh = Submit(Request("a boat", "req-2"));
  EXPECT_EQ(fresh.dedupe, DedupeKind::kCreated);
  EXPECT_EQ(fresh.submission.possible_duplicate_of, abandoned.id);
  EXPECT_EQ(Get(fresh.submission.id).submission, fresh.submission);
  // Somebody holds the hash again: requests without a request_id join.
  EXPECT_EQ(Submit(Request("a boat")).submission.id, fresh.submission.id);
}

TEST_P(WorkflowStoreConformance, AnAbandonedContentIsFreeAfterItsWindow) {
  const Submission unknown = Unknown(Request("a boat"));
  Apply(unknown.id, Resolution{.kind = Abandon{}});
  clock().Advance(absl::Hours(24) - absl::Seconds(1));
  EXPECT_FALSE(CallSubmit(store(), {.request = Request("a boat")}).ok());
  clock().Advance(absl::Seconds(1));
  const SubmitOutcome fresh = Submit(Request("a boat"));
  EXPECT_EQ(fresh.dedupe, DedupeKind::kCreated);
  EXPECT_EQ(fresh.submission.possible_duplicate_of, unknown.id);
}

TEST_P(WorkflowStoreConformance, TheLatestAbandonedOneIsFoundAndAnAdoptedOneIsNoLongerAbandoned) {
  const Submission first = Unknown(Request("a boat", "req-1"));
  Apply(first.id, Resolution{.kind = Abandon{}});
  const Submission second = Unknown(Request("a boat", "req-2"));
  EXPECT_EQ(second.possible_duplicate_of, first.id);
  Apply(second.id, Resolution{.kind = Abandon{}});
  Apply(first.id, Adoption("task-1"));  // it takes the free hash
  EXPECT_EQ(Submit(Request("a boat")).submission.id, first.id);
  Apply(first.id, ReleaseDedupe{});
  EXPECT_EQ(Submit(Request("a boat", "req-3")).submission.possible_duplicate_of, second.id);
}

TEST_P(WorkflowStoreConformance, AnAdoptedContentThatIsReleasedIsNotTakenForAbandoned) {
  const Submission unknown = Unknown(Request("a boat", "req-1"));
  Apply(unknown.id, Resolution{.kind = Abandon{}});
  Apply(unknown.id, Adoption("task-1"));
  Apply(unknown.id, ReleaseDedupe{});
  const SubmitOutcome fresh = Submit(Request("a boat"));
  EXPECT_EQ(fresh.dedupe, DedupeKind::kCreated);
  EXPECT_TRUE(fresh.submission.possible_duplicate_of.empty());
}

TEST_P(WorkflowStoreConformance, ALateAcceptanceWhileAnotherHoldsTheHashIsSubmittedWithoutIt) {
  const SubmitOutcome claimed = SubmitAndClaim(Request("a boat", "req-1"));
  const SubmissionId id = claimed.submission.id;
  Apply(id, MakeFinish(*claimed.started_attempt, AttemptClass::kAmbiguous));
  Apply(id, Resolution{.kind = Abandon{}});
  const SubmissionId holder = Submit(Request("a boat", "req-2")).submission.id;
  const Submission late = Apply(id, MakeAccepted(*claimed.started_attempt, "task-1"));
  EXPECT_EQ(late.state, kSubmitted);
  EXPECT_FALSE(late.holds_hash);
  EXPECT_EQ(Get(id).submission, late);
  EXPECT_EQ(Submit(Request("a boat")).submission.id, holder);
}

}  // namespace
}  // namespace genledger
