// Claims, transitions and what they leave behind.
#include <algorithm>
#include <vector>

#include "tests/storage/store_calls.h"
#include "tests/storage/store_requests.h"
#include "tests/storage/workflow_store_conformance.h"

namespace genledger {
namespace {

ClaimDueOutcome ClaimDue(WorkflowStore& store, int32_t limit, std::string account = kTestAccount) {
  absl::StatusOr<ClaimDueOutcome> outcome = CallClaimDue(
      store,
      {.upstream_account = std::move(account), .claim = MakeClaim("ledger-7"), .limit = limit});
  EXPECT_TRUE(outcome.ok()) << outcome.status();
  return outcome.ok() ? *std::move(outcome) : ClaimDueOutcome{};
}

TEST_P(WorkflowStoreConformance, ClaimDueTakesTheEarliestFirstUpToItsLimit) {
  std::vector<SubmissionId> in_order;
  for (const char* prompt : {"one", "two", "three"}) {
    in_order.push_back(Submit(Request(prompt)).submission.id);
    clock().Advance(absl::Milliseconds(5));
  }
  const ClaimDueOutcome first = ClaimDue(store(), 2);
  ASSERT_EQ(first.claimed.size(), 2U);
  EXPECT_EQ(first.claimed[0].submission.id, in_order[0]);
  EXPECT_EQ(first.claimed[1].submission.id, in_order[1]);
  EXPECT_EQ(first.claimed[0].attempt.replica, "ledger-7");
  EXPECT_EQ(Get(in_order[0]).submission, first.claimed[0].submission);
  EXPECT_EQ(Get(in_order[0]).attempts.at(0), first.claimed[0].attempt);
  EXPECT_LT(first.next_due_time, clock().Now());  // one more is due
  EXPECT_EQ(ClaimDue(store(), 2).claimed.at(0).submission.id, in_order[2]);
  // What is out becomes due when its lease ends, the earliest first.
  EXPECT_EQ(ClaimDue(store(), 2).next_due_time, first.claimed[0].submission.lease_expire_time);
  ExpectGapFreeEvents(in_order[0]);
}

TEST_P(WorkflowStoreConformance, ClaimDueLeavesWhatIsNotDueAndSaysWhenItIs) {
  const SubmitOutcome claimed = SubmitAndClaim(Request("a boat"));
  FinishAttempt finish = MakeFinish(*claimed.started_attempt, AttemptClass::kRefusedTransient);
  finish.retry_time = clock().Now() + absl::Seconds(20);
  const Submission waiting = Apply(claimed.submission.id, finish);
  EXPECT_EQ(waiting.state, SubmissionState::kPending);
  const ClaimDueOutcome early = ClaimDue(store(), 5);
  EXPECT_TRUE(early.claimed.empty());
  EXPECT_EQ(early.next_due_time, waiting.next_attempt_time);
  clock().Advance(absl::Seconds(20));
  const ClaimDueOutcome due = ClaimDue(store(), 5);
  ASSERT_EQ(due.claimed.size(), 1U);
  EXPECT_EQ(due.claimed[0].attempt.number, 2);
}

TEST_P(WorkflowStoreConformance, ClaimDueWithLimitZeroOnlyExpires) {
  Submit(Request("a boat"));
  EXPECT_TRUE(ClaimDue(store(), 0).claimed.empty());
  clock().Advance(absl::Minutes(16));
  EXPECT_EQ(ClaimDue(store(), 0).changed.size(), 1U);
}

TEST_P(WorkflowStoreConformance, ClaimDueExpiresWhatRanOutOfTimeOfAnyAccount) {
  const Submission mine = Submit(Request("a boat")).submission;
  NewSubmission foreign = Request("a plane");
  foreign.scope.upstream_account = "elsewhere";
  const Submission other = Submit(foreign).submission;
  const ClaimDueOutcome now = ClaimDue(store(), 5);
  ASSERT_EQ(now.claimed.size(), 1U);  // the foreign one is never claimed
  EXPECT_EQ(now.claimed[0].submission.id, mine.id);
  EXPECT_EQ(now.next_due_time, now.claimed[0].submission.lease_expire_time);
  Apply(mine.id, MakeAccepted(now.claimed[0].attempt, "task-1"));
  EXPECT_EQ(ClaimDue(store(), 5).next_due_time, other.submit_deadline_time);
  clock().Advance(absl::Minutes(15));
  const ClaimDueOutcome later = ClaimDue(store(), 5);
  EXPECT_TRUE(later.claimed.empty());
  ASSERT_EQ(later.changed.size(), 1U);
  EXPECT_EQ(later.changed[0].id, other.id);
  EXPECT_EQ(later.changed[0].state, SubmissionState::kFailed);
  EXPECT_EQ(Get(other.id).submission, later.changed[0]);
  EXPECT_EQ(Get(mine.id).submission.state, SubmissionState::kSubmitted);
}

struct ClassCase {
  AttemptClass outcome;
  bool retries;
  SubmissionState state;
  bool holds_hash;
};

TEST_P(WorkflowStoreConformance, EveryAttemptClassIsStoredWholly) {
  const std::vector<ClassCase> cases = {
      {AttemptClass::kNotSent, true, SubmissionState::kPending, true},
      {AttemptClass::kNotSent, false, SubmissionState::kFailed, false},
      {AttemptClass::kAccepted, false, SubmissionState::kSubmitted, true},
      {AttemptClass::kRefused, false, SubmissionState::kFailed, false},
      {AttemptClass::kRefusedTransient, true, SubmissionState::kPending, true},
      {AttemptClass::kRefusedTransient, false, SubmissionState::kFailed, false},
      {AttemptClass::kRefusedAccount, false, SubmissionState::kFailed, false},
      {AttemptClass::kAmbiguous, false, SubmissionState::kOutcomeUnknown, true},
      {AttemptClass::kInProgress, false, SubmissionState::kOutcomeUnknown, true},
  };
  for (size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE(i);
    const std::string prompt = "case " + std::to_string(i);
    const SubmitOutcome claimed = SubmitAndClaim(Request(prompt));
    FinishAttempt finish = cases[i].outcome == AttemptClass::kAccepted
                               ? MakeAccepted(*claimed.started_attempt, "task-" + prompt)
                               : MakeFinish(*claimed.started_attempt, cases[i].outcome);
    finish.result.upstream_code = "code";
    finish.result.http_status = 418;
    if (cases[i].retries) {
      finish.retry_time = clock().Now() + absl::Seconds(1) + absl::Nanoseconds(7);
    }
    const Submission after = Apply(claimed.submission.id, finish);
    EXPECT_EQ(after.state, cases[i].state);
    const SubmissionWithAttempts stored = Get(after.id);
    EXPECT_EQ(stored.submission, after);
    ASSERT_EQ(stored.attempts.size(), 1U);
    EXPECT_NE(stored.attempts[0].outcome, AttemptOutcome::kInFlight);
    EXPECT_EQ(stored.attempts[0].http_status, 418);
    EXPECT_EQ(stored.attempts[0].task_ids, finish.result.task_ids);
    ExpectGapFreeEvents(after.id);
    const SubmitOutcome repeat = Submit(Request(prompt));
    EXPECT_EQ(repeat.submission.id == after.id, cases[i].holds_hash);
  }
}

TEST_P(WorkflowStoreConformance, StaleEpochOrAttemptChangesNothing) {
  const SubmitOutcome claimed = SubmitAndClaim(Request("a boat"));
  FinishAttempt stale_epoch = MakeAccepted(*claimed.started_attempt, "task-1");
  stale_epoch.epoch -= 1;
  FinishAttempt stale_attempt = MakeAccepted(*claimed.started_attempt, "task-1");
  stale_attempt.attempt += 1;
  for (const FinishAttempt& stale : {stale_epoch, stale_attempt}) {
    const auto result = CallApply(store(), claimed.submission.id, stale);
    EXPECT_EQ(result.status().code(), absl::StatusCode::kAborted) << result.status();
  }
  EXPECT_EQ(Get(claimed.submission.id).submission, claimed.submission);
  EXPECT_EQ(Events(claimed.submission.id).size(), 2U);
}

TEST_P(WorkflowStoreConformance, SecondFinishOfOneAttemptIsFencedOff) {
  const SubmitOutcome claimed = SubmitAndClaim(Request("a boat"));
  const FinishAttempt finish = MakeAccepted(*claimed.started_attempt, "task-1");
  const Submission after = Apply(claimed.submission.id, finish);
  EXPECT_EQ(CallApply(store(), after.id, finish).status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(Get(after.id).submission, after);
}

TEST_P(WorkflowStoreConformance, ResendCountsAPostAndNoCharge) {
  const SubmitOutcome claimed = SubmitAndClaim(Request("a boat"));
  const Submission after =
      Apply(claimed.submission.id, ResendAttempt{.attempt = 1, .epoch = claimed.submission.epoch});
  EXPECT_EQ(after.upstream_posts_sent, claimed.submission.upstream_posts_sent + 1);
  EXPECT_EQ(after.charges_max, claimed.submission.charges_max);
  EXPECT_EQ(Get(after.id).submission, after);
}

TEST_P(WorkflowStoreConformance, UnknownSubmissionIsNotFound) {
  const auto result = CallApply(store(), NewId(), ExpireLease{.epoch = 1});
  EXPECT_EQ(ReasonOf(result.status()), ErrorReason::kSubmissionNotFound);
  const auto garbage = CallApply(store(), SubmissionId("garbage"), ExpireLease{.epoch = 1});
  EXPECT_EQ(garbage.status().code(), absl::StatusCode::kNotFound);
}

TEST_P(WorkflowStoreConformance, ExpireAllLeasesEndsEveryDispatchingRow) {
  std::vector<SubmissionId> dispatching;
  dispatching.reserve(300);
  for (int i = 0; i < 300; ++i) {
    dispatching.push_back(SubmitAndClaim(Request("p" + std::to_string(i))).submission.id);
  }
  const SubmissionId pending = Submit(Request("waits")).submission.id;
  EndLeases();
  EXPECT_EQ(CallExpireAllLeases(store(), "ledger-1").value(), 300);
  EXPECT_EQ(CallExpireAllLeases(store(), "ledger-1").value(), 0);
  for (const SubmissionId& id : dispatching) {
    const SubmissionWithAttempts stored = Get(id);
    EXPECT_EQ(stored.submission.state, SubmissionState::kOutcomeUnknown);
    EXPECT_EQ(stored.attempts.at(0).outcome, AttemptOutcome::kAmbiguous);
  }
  EXPECT_EQ(Get(pending).submission.state, SubmissionState::kPending);
}

TEST_P(WorkflowStoreConformance, AtMostOneSubmissionHoldsAHash) {
  Failed(Request("a boat", "req-1"));
  Submit(Request("a boat", "req-2"));
  clock().Advance(absl::Minutes(1));
  Submit(Request("a boat", "req-1"));
  Submit(Request("a boat"));
  const std::vector<SubmissionWithAttempts> all = Everything();
  EXPECT_EQ(all.size(), 2U);
  EXPECT_EQ(std::count_if(all.begin(), all.end(),
                          [](const auto& entry) { return entry.submission.holds_hash; }),
            1);
}

}  // namespace
}  // namespace genledger
