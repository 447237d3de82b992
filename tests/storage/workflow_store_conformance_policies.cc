// Leases and ambiguity policies: what ClaimDue does besides claiming what is PENDING.
#include <algorithm>
#include <vector>

#include "tests/storage/store_calls.h"
#include "tests/storage/store_requests.h"
#include "tests/storage/workflow_store_conformance.h"

namespace genledger {
namespace {

using enum SubmissionState;

ClaimDueOutcome ClaimDue(WorkflowStore& store, int32_t limit, AmbiguityRules rules = {}) {
  absl::StatusOr<ClaimDueOutcome> outcome = CallClaimDue(store, {.upstream_account = kTestAccount,
                                                                 .claim = MakeClaim("ledger-7"),
                                                                 .rules = rules,
                                                                 .limit = limit});
  EXPECT_TRUE(outcome.ok()) << outcome.status();
  return outcome.ok() ? *std::move(outcome) : ClaimDueOutcome{};
}

constexpr AmbiguityRules kTrustedRules = {.trusted = true};

TEST_P(WorkflowStoreConformance, ALeaseThatRanOutIsExpiredByClaimDueAndThePolicyPlanned) {
  const Submission held = SubmitAndClaim(Request("hold")).submission;
  const Submission failing = SubmitAndClaim(RequestWith("fail", AmbiguityPolicy::kFail)).submission;
  const Submission once =
      SubmitAndClaim(RequestWith("once", AmbiguityPolicy::kResubmitOnce)).submission;
  clock().Advance(absl::Seconds(89));
  const ClaimDueOutcome early = ClaimDue(store(), 5);
  EXPECT_TRUE(early.changed.empty());
  EXPECT_EQ(early.next_due_time, held.lease_expire_time);
  clock().Advance(absl::Seconds(1));
  const ClaimDueOutcome outcome = ClaimDue(store(), 0);  // leases need no slot
  EXPECT_TRUE(outcome.claimed.empty());
  ASSERT_EQ(outcome.changed.size(), 3U);
  for (const Submission& changed : outcome.changed) {
    EXPECT_EQ(Get(changed.id).submission, changed);
    EXPECT_EQ(Get(changed.id).attempts.at(0).outcome, AttemptOutcome::kAmbiguous);
    EXPECT_EQ(Get(changed.id).attempts.at(0).upstream_code, "lease_expired");
    ExpectGapFreeEvents(changed.id);
  }
  EXPECT_EQ(Get(held.id).submission.state, kOutcomeUnknown);
  EXPECT_EQ(Get(held.id).submission.next_attempt_time, absl::InfinitePast());
  EXPECT_EQ(Get(failing.id).submission.state, kAbandoned);
  const Submission unknown = Get(once.id).submission;
  EXPECT_EQ(unknown.state, kOutcomeUnknown);
  EXPECT_EQ(unknown.next_attempt_time, Get(once.id).attempts[0].start_time + absl::Seconds(150));
  EXPECT_EQ(outcome.next_due_time, unknown.next_attempt_time);
}

TEST_P(WorkflowStoreConformance, ALeaseOfAnotherAccountIsExpiredAndItsPolicyLeftAlone) {
  NewSubmission foreign = RequestWith("a boat", AmbiguityPolicy::kResubmitOnce);
  foreign.scope.upstream_account = "elsewhere";
  const Submission other = SubmitAndClaim(foreign).submission;
  clock().Advance(absl::Minutes(10));
  const ClaimDueOutcome outcome = ClaimDue(store(), 5);
  ASSERT_EQ(outcome.changed.size(), 1U);
  EXPECT_EQ(outcome.changed[0].id, other.id);
  EXPECT_TRUE(outcome.claimed.empty());
  EXPECT_EQ(outcome.next_due_time, absl::InfiniteFuture());
  EXPECT_TRUE(ClaimDue(store(), 5).claimed.empty());
}

TEST_P(WorkflowStoreConformance, DuePoliciesActEarliestFirstUpToTheLimit) {
  std::vector<SubmissionId> in_order;
  for (const char* prompt : {"one", "two", "three"}) {
    in_order.push_back(Unknown(RequestWith(prompt, AmbiguityPolicy::kResubmitOnce)).id);
    clock().Advance(absl::Seconds(1));
  }
  EXPECT_TRUE(ClaimDue(store(), 5).claimed.empty());
  clock().Advance(absl::Minutes(3));
  const ClaimDueOutcome none = ClaimDue(store(), 0);
  EXPECT_TRUE(none.claimed.empty());
  EXPECT_LT(none.next_due_time, clock().Now());
  const ClaimDueOutcome two = ClaimDue(store(), 2);
  ASSERT_EQ(two.claimed.size(), 2U);
  EXPECT_EQ(two.claimed[0].submission.id, in_order[0]);
  EXPECT_EQ(two.claimed[1].submission.id, in_order[1]);
  EXPECT_LT(two.next_due_time, clock().Now());
  for (const ClaimedSubmission& claimed : two.claimed) {
    EXPECT_EQ(claimed.attempt.kind, AttemptKind::kResubmitOnce);
    EXPECT_EQ(claimed.attempt.number, 2);
    EXPECT_EQ(claimed.attempt.replica, "ledger-7");
    EXPECT_TRUE(claimed.submission.resubmitted_once);
    EXPECT_EQ(Get(claimed.submission.id).submission, claimed.submission);
    EXPECT_EQ(Get(claimed.submission.id).attempts.at(1), claimed.attempt);
    ExpectGapFreeEvents(claimed.submission.id);
  }
  EXPECT_EQ(ClaimDue(store(), 2).claimed.size(), 1U);
  EXPECT_TRUE(ClaimDue(store(), 2).claimed.empty());
}

TEST_P(WorkflowStoreConformance, PoliciesAndPendingWorkShareTheLimit) {
  Unknown(RequestWith("unknown", AmbiguityPolicy::kResubmitOnce));
  clock().Advance(absl::Minutes(3));
  Submit(Request("one"));
  Submit(Request("two"));
  EXPECT_EQ(ClaimDue(store(), 2).claimed.size(), 2U);
  EXPECT_EQ(ClaimDue(store(), 2).claimed.size(), 1U);
}

TEST_P(WorkflowStoreConformance, APolicyThatPostsNothingIsAmongWhatChanged) {
  const Submission once = Unknown(RequestWith("a boat", AmbiguityPolicy::kResubmitOnce));
  NewSubmission stricter = RequestWith("a boat", AmbiguityPolicy::kFail);
  EXPECT_EQ(Submit(stricter).submission.next_attempt_time, Get(once.id).submission.update_time);
  const ClaimDueOutcome outcome = ClaimDue(store(), 1);
  EXPECT_TRUE(outcome.claimed.empty());
  ASSERT_EQ(outcome.changed.size(), 1U);
  EXPECT_EQ(outcome.changed[0].state, kAbandoned);
  EXPECT_EQ(Get(once.id).submission, outcome.changed[0]);
}

TEST_P(WorkflowStoreConformance, ATrustedRepostIsStoredWhollyAndSurvivesReopening) {
  const SubmitOutcome claimed = SubmitAndClaim(Request("a boat"));
  FinishAttempt finish = MakeFinish(*claimed.started_attempt, AttemptClass::kAmbiguous);
  finish.rules = kTrustedRules;
  finish.earliest_repost_time = clock().Now() + absl::Seconds(3);
  const Submission waiting = Apply(claimed.submission.id, finish);
  EXPECT_EQ(ClaimDue(store(), 1, kTrustedRules).next_due_time, waiting.next_attempt_time);
  clock().Advance(absl::Seconds(3));
  const ClaimDueOutcome outcome = ClaimDue(store(), 1, kTrustedRules);
  ASSERT_EQ(outcome.claimed.size(), 1U);
  EXPECT_EQ(outcome.claimed[0].attempt.kind, AttemptKind::kTrustedRepost);
  EXPECT_EQ(outcome.claimed[0].attempt.idempotency_key, claimed.started_attempt->idempotency_key);
  EXPECT_EQ(outcome.claimed[0].submission.run_reposts, 1);
  FinishAttempt never = MakeFinish(outcome.claimed[0].attempt, AttemptClass::kAmbiguous);
  never.rules = kTrustedRules;
  never.result.never_repost = true;
  const Submission held = Apply(claimed.submission.id, never);
  EXPECT_TRUE(held.never_repost);
  const std::vector<SubmissionWithAttempts> before = Everything();
  Reopen();
  const std::vector<SubmissionWithAttempts> after = Everything();
  ASSERT_EQ(after.size(), 1U);
  EXPECT_EQ(after[0].submission, before[0].submission);
  EXPECT_EQ(after[0].attempts, before[0].attempts);
  EXPECT_EQ(after[0].submission, held);
}

TEST_P(WorkflowStoreConformance, WhatIsNoLongerChargedSurvivesReopening) {
  const Submission declared = Unknown(Request("declared"));
  Apply(declared.id, Resolution{.kind = DeclareNotAccepted{}});
  const SubmitOutcome envelope = SubmitAndClaim(Request("envelope"));
  FinishAttempt finish = MakeFinish(*envelope.started_attempt, AttemptClass::kRefusedTransient);
  finish.result.trusted_envelope = true;
  Apply(envelope.submission.id, finish);
  Reopen();
  EXPECT_FALSE(Get(declared.id).attempts.at(0).may_be_charged);
  EXPECT_TRUE(Get(envelope.submission.id).attempts.at(0).may_be_charged);
}

TEST_P(WorkflowStoreConformance, NextDueTimeIsTheEarliestOfEverythingThatWaits) {
  EXPECT_EQ(ClaimDue(store(), 0).next_due_time, absl::InfiniteFuture());
  const Submission unknown = Unknown(RequestWith("unknown", AmbiguityPolicy::kResubmitOnce));
  EXPECT_EQ(ClaimDue(store(), 0).next_due_time, unknown.next_attempt_time);
  const Submission out = SubmitAndClaim(Request("out")).submission;
  EXPECT_EQ(ClaimDue(store(), 0).next_due_time, out.lease_expire_time);
  NewSubmission hurried = Request("hurried");
  hurried.submit_within = absl::Seconds(20);
  hurried.scope.upstream_account = "elsewhere";
  const Submission pending = Submit(hurried).submission;
  EXPECT_EQ(ClaimDue(store(), 0).next_due_time, pending.submit_deadline_time);
  const Submission due = Submit(Request("due")).submission;
  EXPECT_EQ(ClaimDue(store(), 0).next_due_time, due.next_attempt_time);
}

TEST_P(WorkflowStoreConformance, ExpireAllLeasesLetsThePoliciesDecide) {
  const Submission failing = SubmitAndClaim(RequestWith("fail", AmbiguityPolicy::kFail)).submission;
  const Submission trusted = SubmitAndClaim(Request("hold")).submission;
  EndLeases();
  EXPECT_EQ(CallExpireAllLeases(store(), "ledger-1", {}).value(), 2);
  EXPECT_EQ(Get(failing.id).submission.state, kAbandoned);
  EXPECT_EQ(Get(trusted.id).submission.next_attempt_time, absl::InfinitePast());
  const Submission again = SubmitAndClaim(Request("again")).submission;
  EndLeases();
  EXPECT_EQ(CallExpireAllLeases(store(), "ledger-1", kTrustedRules).value(), 1);
  EXPECT_NE(Get(again.id).submission.next_attempt_time, absl::InfinitePast());
}

}  // namespace
}  // namespace genledger
