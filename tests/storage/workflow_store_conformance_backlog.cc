// How long the backlog may grow, and who is let in when it is full.
#include <string>

#include "service/base/error_details.h"
#include "tests/storage/store_calls.h"
#include "tests/storage/store_requests.h"
#include "tests/storage/workflow_store_conformance.h"

namespace genledger {
namespace {

constexpr int64_t kBacklogMax = 4;

absl::StatusOr<SubmitOutcome> SubmitInto(WorkflowStore& store, NewSubmission request,
                                         int64_t backlog_max = kBacklogMax) {
  return CallSubmit(store, {.request = std::move(request), .backlog_max = backlog_max});
}

// Refused as the contract says, and nothing was written.
void ExpectBacklogFull(WorkflowStore& store, const NewSubmission& request) {
  const absl::Status status = SubmitInto(store, request).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  const ErrorDetails details = GetErrorDetails(status).value_or(ErrorDetails());
  EXPECT_EQ(details.reason, ErrorReason::kBacklogFull);
  EXPECT_EQ(details.quota_subject, "backlog");
  EXPECT_GT(details.retry_delay.value_or(absl::ZeroDuration()), absl::ZeroDuration());
  EXPECT_FALSE(details.no_retry);
  EXPECT_TRUE(absl::IsNotFound(CallGet(store, {.key = request.id}).status()));
}

NewSubmission Of(NewSubmission request, const std::string& tenant) {
  request.scope.tenant = tenant;
  return request;
}

TEST_P(WorkflowStoreConformance, BacklogRefusesNewRunsWhenItIsFull) {
  for (int i = 0; i < kBacklogMax; ++i) {
    EXPECT_TRUE(SubmitInto(store(), Request("p" + std::to_string(i))).ok());
  }
  ExpectBacklogFull(store(), Request("one more", "req-1"));
  // Its request_id names nothing, and a limit of 0 is none.
  const auto unlimited = SubmitInto(store(), Request("another", "req-1"), 0);
  ASSERT_TRUE(unlimited.ok()) << unlimited.status();
  EXPECT_EQ(unlimited->dedupe, DedupeKind::kCreated);
}

TEST_P(WorkflowStoreConformance, BacklogIsNoMatterToWhatStartsAtOnce) {
  for (int i = 0; i < kBacklogMax; ++i) {
    Submit(Request("p" + std::to_string(i)));
  }
  const auto claimed = CallSubmit(
      store(), {.request = Request("claimed"), .claim = MakeClaim(), .backlog_max = kBacklogMax});
  EXPECT_TRUE(claimed.ok()) << claimed.status();
  // What is out does not wait.
  SubmitAndClaim(Request("out"));
  CallClaimDue(store(), {.upstream_account = kTestAccount, .claim = MakeClaim()}).IgnoreError();
  EXPECT_TRUE(SubmitInto(store(), Request("a place came free")).ok());
}

TEST_P(WorkflowStoreConformance, BacklogThatIsFullStillAnswersWhatIsKnown) {
  const Submission failed = Failed(Request("fails", "req-failed"));
  for (int i = 0; i < kBacklogMax; ++i) {
    Submit(Request("p" + std::to_string(i), "req-" + std::to_string(i)));
  }
  EXPECT_EQ(SubmitInto(store(), Request("p0", "req-0")).value().dedupe, DedupeKind::kReplayed);
  EXPECT_EQ(SubmitInto(store(), Request("p1")).value().dedupe, DedupeKind::kJoined);
  EXPECT_EQ(SubmitInto(store(), Request("p1", "req-x")).value().dedupe, DedupeKind::kJoined);
  EXPECT_EQ(SubmitInto(store(), Request("fails", "req-failed")).value().dedupe,
            DedupeKind::kReplayed);
  // A reopening is a new run.
  clock().Advance(absl::Minutes(1));
  EXPECT_EQ(SubmitInto(store(), Request("fails", "req-failed")).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Get(failed.id).submission, failed);
}

TEST_P(WorkflowStoreConformance, BacklogOfOneTenantDoesNotShutOthersOut) {
  for (int i = 0; i < 3 * kBacklogMax; ++i) {
    Submit(Of(Request("p" + std::to_string(i)), "storm"));
  }
  ExpectBacklogFull(store(), Of(Request("one more"), "storm"));
  EXPECT_TRUE(SubmitInto(store(), Of(Request("a boat"), "calm")).ok());
  ExpectBacklogFull(store(), Of(Request("a plane"), "calm"));  // it has its one
  EXPECT_TRUE(SubmitInto(store(), Of(Request("a train"), "third")).ok());
}

TEST_P(WorkflowStoreConformance, BacklogsOfAccountsAreApart) {
  for (int i = 0; i < kBacklogMax; ++i) {
    NewSubmission request = Request("p" + std::to_string(i));
    request.scope.upstream_account = "elsewhere";
    Submit(request);
  }
  EXPECT_TRUE(SubmitInto(store(), Request("a boat")).ok());
}

}  // namespace
}  // namespace genledger
