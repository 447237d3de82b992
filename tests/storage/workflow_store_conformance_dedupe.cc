// Who answers a Submit.
#include <optional>
#include <string>
#include <utility>

#include "service/base/error_details.h"
#include "tests/storage/store_calls.h"
#include "tests/storage/store_requests.h"
#include "tests/storage/workflow_store_conformance.h"

namespace genledger {
namespace {

TEST_P(WorkflowStoreConformance, FirstSubmitCreatesAPendingSubmission) {
  const SubmitOutcome outcome = Submit(Request("a boat", "req-1"));
  EXPECT_EQ(outcome.dedupe, DedupeKind::kCreated);
  EXPECT_EQ(outcome.submission.state, SubmissionState::kPending);
  EXPECT_FALSE(outcome.started_attempt.has_value());
  EXPECT_EQ(Get(outcome.submission.id).submission, outcome.submission);
  ExpectGapFreeEvents(outcome.submission.id);
}

TEST_P(WorkflowStoreConformance, InsertAndClaimAreOneWrite) {
  const SubmitOutcome outcome = SubmitAndClaim(Request("a boat", "req-1"));
  EXPECT_EQ(outcome.submission.state, SubmissionState::kDispatching);
  ASSERT_TRUE(outcome.started_attempt.has_value());
  const SubmissionWithAttempts stored = Get(outcome.submission.id);
  EXPECT_EQ(stored.submission, outcome.submission);
  ASSERT_EQ(stored.attempts.size(), 1U);
  EXPECT_EQ(stored.attempts[0], *outcome.started_attempt);
  ExpectGapFreeEvents(outcome.submission.id);
}

TEST_P(WorkflowStoreConformance, SecondSubmitOfSameHashReturnsFirstSubmission) {
  const SubmitOutcome first = Submit(Request("a boat"));
  const SubmitOutcome second = SubmitAndClaim(Request("a boat"));
  EXPECT_EQ(second.dedupe, DedupeKind::kJoined);
  EXPECT_EQ(second.submission.id, first.submission.id);
  EXPECT_FALSE(second.started_attempt.has_value());
  EXPECT_EQ(Everything().size(), 1U);
}

TEST_P(WorkflowStoreConformance, JoinersRequestIdBecomesAnAlias) {
  const SubmitOutcome first = Submit(Request("a boat", "req-1"));
  EXPECT_EQ(Submit(Request("a boat", "req-2")).dedupe, DedupeKind::kJoined);
  EXPECT_EQ(Submit(Request("a boat", "req-2")).dedupe, DedupeKind::kReplayed);
  const auto by_alias =
      CallGet(store(), {.tenant = kTestTenant, .key = RequestIdKey{kTestAccount, "req-2"}});
  ASSERT_TRUE(by_alias.ok()) << by_alias.status();
  EXPECT_EQ(by_alias->submission.id, first.submission.id);
  EXPECT_EQ(by_alias->submission.request_id, "req-1");
  EXPECT_EQ(by_alias->submission.request_id_count, 2);
  ExpectGapFreeEvents(first.submission.id);
}

TEST_P(WorkflowStoreConformance, SameRequestIdIsReplayedWithoutAWrite) {
  const Submission stored = Submitted(Request("a boat", "req-1"), "task-1");
  const SubmitOutcome replay = Submit(Request("a boat", "req-1"));
  EXPECT_EQ(replay.dedupe, DedupeKind::kReplayed);
  EXPECT_EQ(replay.submission, stored);
}

TEST_P(WorkflowStoreConformance, RequestIdOfAnotherPayloadIsRefusedWithItsFields) {
  Submit(Request("a boat", "req-1"));
  NewSubmission other = Request("a boat", "req-1");
  SetContent(other, "a plane", "take 2");
  const auto outcome = CallSubmit(store(), {.request = other});
  EXPECT_EQ(outcome.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReasonOf(outcome.status()), ErrorReason::kRequestIdReused);
  const ErrorDetails details = GetErrorDetails(outcome.status()).value();
  std::string fields;
  for (const auto& [key, value] : details.metadata) {
    fields += key == "fields" ? value : "";
  }
  EXPECT_NE(fields.find("spec.prompt"), std::string::npos) << fields;
  EXPECT_NE(fields.find("variation"), std::string::npos) << fields;
  EXPECT_EQ(Everything().size(), 1U);
}

TEST_P(WorkflowStoreConformance, FailedSubmissionIsReplayedUntilReopenTimeThenReopened) {
  const Submission failed = Failed(Request("a boat", "req-1"));
  ASSERT_EQ(failed.state, SubmissionState::kFailed);
  EXPECT_EQ(Submit(Request("a boat", "req-1")).dedupe, DedupeKind::kReplayed);
  clock().Advance(absl::Seconds(31));
  const SubmitOutcome reopened = SubmitAndClaim(Request("a boat", "req-1"));
  EXPECT_EQ(reopened.dedupe, DedupeKind::kReopened);
  EXPECT_EQ(reopened.submission.id, failed.id);
  EXPECT_EQ(reopened.submission.run, 2);
  ASSERT_TRUE(reopened.started_attempt.has_value());
  EXPECT_EQ(reopened.started_attempt->number, 2);
  EXPECT_EQ(Get(failed.id).attempts.size(), 2U);
  // It holds its hash again.
  EXPECT_EQ(Submit(Request("a boat")).submission.id, failed.id);
  ExpectGapFreeEvents(failed.id);
}

TEST_P(WorkflowStoreConformance, ReopenOfAHashHeldByAnotherMovesTheRequestIdThere) {
  const Submission failed = Failed(Request("a boat", "req-1"));
  const SubmitOutcome holder = Submit(Request("a boat", "req-2"));
  ASSERT_EQ(holder.dedupe, DedupeKind::kCreated);
  clock().Advance(absl::Seconds(31));
  const SubmitOutcome moved = Submit(Request("a boat", "req-1"));
  EXPECT_EQ(moved.dedupe, DedupeKind::kJoined);
  EXPECT_EQ(moved.submission.id, holder.submission.id);
  EXPECT_EQ(Get(failed.id).submission.superseded_by, holder.submission.id);
  const SubmitOutcome again = Submit(Request("a boat", "req-1"));
  EXPECT_EQ(again.dedupe, DedupeKind::kReplayed);
  EXPECT_EQ(again.submission.id, holder.submission.id);
  ExpectGapFreeEvents(failed.id);
  ExpectGapFreeEvents(holder.submission.id);
}

TEST_P(WorkflowStoreConformance, WindowExpiryReleasesTheHash) {
  const Submission first = Submitted(Request("a boat"), "task-1");
  clock().Advance(absl::Hours(24) - absl::Seconds(1));
  EXPECT_EQ(Submit(Request("a boat")).submission.id, first.id);
  clock().Advance(absl::Seconds(2));
  const SubmitOutcome second = Submit(Request("a boat"));
  EXPECT_EQ(second.dedupe, DedupeKind::kCreated);
  EXPECT_NE(second.submission.id, first.id);
  EXPECT_FALSE(Get(first.id).submission.holds_hash);
  EXPECT_TRUE(Get(second.submission.id).submission.holds_hash);
  ExpectGapFreeEvents(first.id);
}

TEST_P(WorkflowStoreConformance, JoinersShorterWindowCountsForTheJoiner) {
  const Submission first = Submitted(Request("a boat"), "task-1");
  clock().Advance(absl::Minutes(10));
  NewSubmission impatient = Request("a boat");
  impatient.dedupe_window = absl::Minutes(5);
  const SubmitOutcome second = Submit(impatient);
  EXPECT_EQ(second.dedupe, DedupeKind::kCreated);
  EXPECT_NE(second.submission.id, first.id);
  EXPECT_EQ(Submit(Request("a boat")).submission.id, second.submission.id);
}

TEST_P(WorkflowStoreConformance, ReopenReleasesAHolderWhoseWindowIsOver) {
  const Submission failed = Failed(Request("a boat", "req-1"));
  const Submission holder = Submitted(Request("a boat", "req-2"), "task-2");
  clock().Advance(absl::Hours(25));
  const SubmitOutcome reopened = Submit(Request("a boat", "req-1"));
  EXPECT_EQ(reopened.dedupe, DedupeKind::kReopened);
  EXPECT_EQ(reopened.submission.id, failed.id);
  EXPECT_FALSE(Get(holder.id).submission.holds_hash);
}

TEST_P(WorkflowStoreConformance, RequestIdOnlyNeitherHoldsNorMeetsAHash) {
  Submit(Request("a boat", "req-1"));
  NewSubmission separate = Request("a boat", "req-2");
  separate.dedupe_mode = DedupeMode::kRequestIdOnly;
  const SubmitOutcome second = Submit(separate);
  EXPECT_EQ(second.dedupe, DedupeKind::kCreated);
  EXPECT_FALSE(second.submission.holds_hash);
  EXPECT_EQ(Submit(separate).dedupe, DedupeKind::kReplayed);
  EXPECT_EQ(Everything().size(), 2U);
}

TEST_P(WorkflowStoreConformance, TenantsAndAccountsAreApart) {
  const SubmitOutcome mine = Submit(Request("a boat", "req-1"));
  NewSubmission other_tenant = Request("a boat", "req-1");
  other_tenant.scope.tenant = "somebody";
  EXPECT_EQ(Submit(other_tenant).dedupe, DedupeKind::kCreated);
  NewSubmission other_account = Request("a boat", "req-1");
  other_account.scope.upstream_account = "elsewhere";
  EXPECT_EQ(Submit(other_account).dedupe, DedupeKind::kCreated);
  EXPECT_EQ(Submit(Request("a boat", "req-1")).submission.id, mine.submission.id);
  EXPECT_EQ(Everything().size(), 3U);
}

TEST_P(WorkflowStoreConformance, MayNotCreateAnswersOnlyFromWhatIsThere) {
  const auto submit = [&](NewSubmission request, bool match_content) {
    return CallSubmit(store(), {.request = std::move(request),
                                .claim = MakeClaim(),
                                .may_create = false,
                                .match_content = match_content});
  };
  EXPECT_EQ(submit(Request("a boat", "req-1"), true).value().dedupe, std::nullopt);
  EXPECT_TRUE(Everything().empty());
  Submit(Request("a boat", "req-1"));
  EXPECT_EQ(submit(Request("a boat", "req-1"), false).value().dedupe, DedupeKind::kReplayed);
  EXPECT_EQ(submit(Request("a boat", "req-2"), false).value().dedupe, std::nullopt);
  EXPECT_EQ(submit(Request("a boat", "req-2"), true).value().dedupe, DedupeKind::kJoined);
  Failed(Request("a plane", "req-3"));
  clock().Advance(absl::Minutes(1));
  EXPECT_EQ(submit(Request("a plane", "req-3"), true).value().dedupe, std::nullopt);
}

TEST_P(WorkflowStoreConformance, PreviewSaysWhatSubmitWouldDoAndWritesNothing) {
  EXPECT_EQ(CallPreview(store(), Request("a boat")).value().would, DedupeKind::kCreated);
  EXPECT_TRUE(Everything().empty());
  const SubmitOutcome first = Submit(Request("a boat", "req-1"));
  const PreviewOutcome join = CallPreview(store(), Request("a boat", "req-2")).value();
  EXPECT_EQ(join.would, DedupeKind::kJoined);
  EXPECT_EQ(join.submission_id, first.submission.id);
  EXPECT_EQ(CallPreview(store(), Request("a boat", "req-1")).value().would, DedupeKind::kReplayed);
  EXPECT_EQ(ReasonOf(CallPreview(store(), Request("a plane", "req-1")).status()),
            ErrorReason::kRequestIdReused);
  EXPECT_EQ(Get(first.submission.id).submission, first.submission);
}

TEST_P(WorkflowStoreConformance, StrictestPolicyAndLatestDeadlineOfAllJoinersHold) {
  NewSubmission first = Request("a boat");
  first.ambiguity_policy = AmbiguityPolicy::kResubmitOnce;
  const Submission created = Submit(first).submission;
  NewSubmission second = Request("a boat");
  second.ambiguity_policy = AmbiguityPolicy::kHold;
  second.submit_within = absl::Hours(2);
  const Submission joined = Submit(second).submission;
  EXPECT_EQ(joined.ambiguity_policy, AmbiguityPolicy::kHold);
  EXPECT_GT(joined.submit_deadline_time, created.submit_deadline_time);
  EXPECT_EQ(Get(created.id).submission, joined);
}

}  // namespace
}  // namespace genledger
