// Counts: after whatever was written, they are what counting would give.
#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/storage/store_calls.h"
#include "tests/storage/store_requests.h"
#include "tests/storage/workflow_store_conformance.h"

namespace genledger {

void WorkflowStoreConformance::ExpectCountsAreExact() {
  const absl::StatusOr<StoreCounts> counts = CallCount(store());
  ASSERT_TRUE(counts.ok()) << counts.status();
  StoreCounts expected;
  for (const SubmissionWithAttempts& entry : Everything()) {
    const Submission& s = entry.submission;
    ++expected.by_state[s.state];
    if (s.state == SubmissionState::kPending) {
      expected.oldest_pending_create_time =
          std::min(expected.oldest_pending_create_time, s.create_time);
    }
  }
  for (int state = 1; state <= 7; ++state) {
    EXPECT_EQ(counts->Of(static_cast<SubmissionState>(state)),
              expected.Of(static_cast<SubmissionState>(state)))
        << SubmissionStateName(static_cast<SubmissionState>(state));
  }
  EXPECT_EQ(counts->oldest_pending_create_time, expected.oldest_pending_create_time);
}

namespace {

TEST_P(WorkflowStoreConformance, CountsOfAnEmptyStoreAreZero) {
  const StoreCounts counts = CallCount(store()).value();
  EXPECT_EQ(counts.Of(SubmissionState::kPending), 0);
  EXPECT_EQ(counts.oldest_pending_create_time, absl::InfiniteFuture());
}

TEST_P(WorkflowStoreConformance, CountsFollowEveryChangeAndSurviveReopening) {
  FillForLists();
  ExpectCountsAreExact();
  NewSubmission elsewhere = Request("a plane");
  elsewhere.scope.upstream_account = "elsewhere";
  Submit(elsewhere);
  const Submission failed = Failed(Request("fails", "req-fails"));
  const Submission unknown = Unknown(Request("unknown"));
  const Submission waits = Submit(Request("waits")).submission;
  ExpectCountsAreExact();
  ASSERT_TRUE(CallCancel(store(), {.key = waits.id}).ok());
  Apply(failed.id, RetryRun{});
  Apply(unknown.id, Resolution{.kind = Abandon{}});
  ExpectCountsAreExact();
  Reopen();
  ExpectCountsAreExact();
  ASSERT_TRUE(CallExpireAllLeases(store(), "ledger-1").ok());
  clock().Advance(absl::Hours(1));
  ASSERT_TRUE(CallClaimDue(store(), {.upstream_account = kTestAccount, .claim = MakeClaim()}).ok());
  ExpectCountsAreExact();
}

TEST_P(WorkflowStoreConformance, CountsLeaveOutWhatWasRefused) {
  const SubmitOutcome claimed = SubmitAndClaim(Request("a boat", "req-1"));
  Apply(claimed.submission.id, MakeAccepted(*claimed.started_attempt, "task-1"));
  NewSubmission reused = Request("a plane", "req-1");
  EXPECT_FALSE(CallSubmit(store(), {.request = reused}).ok());
  EXPECT_FALSE(CallApply(store(), claimed.submission.id,
                         MakeFinish(*claimed.started_attempt, AttemptClass::kRefused))
                   .ok());
  EXPECT_FALSE(CallApply(store(), NewId(), RetryRun{}).ok());
  NewSubmission same_id = Request("a train");
  same_id.id = claimed.submission.id;
  EXPECT_TRUE(absl::IsInternal(CallSubmit(store(), {.request = same_id}).status()));
  ExpectCountsAreExact();
}

TEST_P(WorkflowStoreConformance, CountsAreExactAmongManyCallers) {
  constexpr int kCallers = 16;
  std::vector<std::thread> callers;
  callers.reserve(kCallers);
  for (int caller = 0; caller < kCallers; ++caller) {
    callers.emplace_back([this, caller] {
      for (int i = 0; i < 20; ++i) {
        NewSubmission request = Request(std::to_string(caller) + "-" + std::to_string(i));
        request.scope.tenant = "tenant-" + std::to_string(caller % 3);
        const SubmitOutcome outcome = i % 4 == 0 ? Submit(request) : SubmitAndClaim(request);
        if (outcome.started_attempt.has_value()) {
          const FinishAttempt accepted =
              MakeAccepted(*outcome.started_attempt, "task-" + outcome.submission.id.value());
          CallApply(store(), outcome.submission.id, accepted).IgnoreError();
          CallApply(store(), outcome.submission.id, accepted).IgnoreError();  // fenced off
        }
      }
    });
  }
  for (std::thread& caller : callers) {
    caller.join();
  }
  ExpectCountsAreExact();
  EXPECT_EQ(CallCount(store()).value().Of(SubmissionState::kSubmitted), kCallers * 15);
}

}  // namespace
}  // namespace genledger
