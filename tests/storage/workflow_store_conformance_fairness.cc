// How ClaimDue shares slots between tenants.
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
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

std::map<std::string, int> ByTenant(const ClaimDueOutcome& outcome) {
  std::map<std::string, int> claimed;
  for (const ClaimedSubmission& entry : outcome.claimed) {
    ++claimed[entry.submission.scope.tenant];
  }
  return claimed;
}

NewSubmission Of(NewSubmission request, const std::string& tenant) {
  request.scope.tenant = tenant;
  return request;
}

// Ends what was claimed, so that nothing is in flight.
void FinishAll(WorkflowStore& store, const ClaimDueOutcome& outcome) {
  for (const ClaimedSubmission& entry : outcome.claimed) {
    EXPECT_TRUE(CallApply(store, entry.submission.id,
                          MakeAccepted(entry.attempt, "task-" + entry.submission.id.value()))
                    .ok());
  }
}

TEST_P(WorkflowStoreConformance, ClaimsAreSharedByWhatIsInFlight) {
  for (int i = 0; i < 10; ++i) {
    Submit(Of(Request(absl::StrCat("a", i)), "alpha"));
    Submit(Of(Request(absl::StrCat("b", i)), "beta"));
  }
  Submit(Of(Request("c"), "gamma"));
  for (int i = 0; i < 3; ++i) {
    SubmitAndClaim(Of(Request(absl::StrCat("out", i)), "alpha"));
  }
  // alpha has three out: the others catch up first.
  EXPECT_EQ(ByTenant(ClaimDue(store(), 4)),
            (std::map<std::string, int>{{"beta", 3}, {"gamma", 1}}));
  EXPECT_EQ(ByTenant(ClaimDue(store(), 4)),
            (std::map<std::string, int>{{"alpha", 2}, {"beta", 2}}));
  // No slot stays free while anybody waits.
  EXPECT_EQ(ClaimDue(store(), 100).claimed.size(), 13U);
}

TEST_P(WorkflowStoreConformance, ATenantWithManyDueDelaysAnothersOneByNoMoreThanAClaim) {
  constexpr int kMany = 10'000;
  for (int i = 0; i < kMany; ++i) {
    store().Submit({.request = Of(Request(absl::StrCat("p", i)), "alpha")},
                   [](absl::StatusOr<SubmitOutcome> outcome) { EXPECT_TRUE(outcome.ok()); });
  }
  Submit(Of(Request("last"), "alpha"));
  FinishAll(store(), ClaimDue(store(), 1));
  clock().Advance(absl::Seconds(1));
  const SubmissionId one = Submit(Of(Request("one"), "zulu")).submission.id;
  // One slot at a time, and what was claimed has always ended: nothing is in flight to tell by.
  const ClaimDueOutcome first = ClaimDue(store(), 1);
  FinishAll(store(), first);
  const ClaimDueOutcome second = ClaimDue(store(), 1);
  EXPECT_EQ(ByTenant(first).count("zulu") + ByTenant(second).count("zulu"), 1U);
  EXPECT_NE(Get(one).submission.state, kPending);
}

TEST_P(WorkflowStoreConformance, TenantsLateInTheAlphabetAreNotStarved) {
  constexpr int kTenants = 40;
  for (int round = 0; round < 3; ++round) {
    for (int t = 0; t < kTenants; ++t) {
      Submit(Of(Request(absl::StrCat(round, "-", t)), absl::StrCat("tenant-", 100 + t)));
    }
  }
  std::map<std::string, int> served;
  for (int claim = 0; claim < kTenants; ++claim) {
    const ClaimDueOutcome outcome = ClaimDue(store(), 1);
    FinishAll(store(), outcome);
    for (const auto& [tenant, count] : ByTenant(outcome)) {
      served[tenant] += count;
    }
  }
  EXPECT_EQ(served.size(), static_cast<size_t>(kTenants));  // each one once
}

TEST_P(WorkflowStoreConformance, WithinATenantTheEarliestDueIsFirst) {
  std::vector<SubmissionId> in_order;
  for (int i = 0; i < 6; ++i) {
    in_order.push_back(Submit(Of(Request(absl::StrCat("p", i)), "alpha")).submission.id);
    Submit(Of(Request(absl::StrCat("q", i)), "beta"));
    clock().Advance(absl::Seconds(1));
  }
  std::vector<SubmissionId> claimed;
  for (int claim = 0; claim < 3; ++claim) {
    for (const ClaimedSubmission& entry : ClaimDue(store(), 4).claimed) {
      if (entry.submission.scope.tenant == "alpha") {
        claimed.push_back(entry.submission.id);
      }
    }
  }
  EXPECT_EQ(claimed, in_order);
}

TEST_P(WorkflowStoreConformance, WhatIsNotDueYetTakesNoShare) {
  // alpha waits for its next attempt; a time that is remembered for it must not hide what comes.
  const SubmitOutcome waits = SubmitAndClaim(Of(Request("waits"), "alpha"));
  FinishAttempt refused = MakeFinish(*waits.started_attempt, AttemptClass::kRefusedTransient);
  refused.retry_time = clock().Now() + absl::Minutes(5);
  Apply(waits.submission.id, refused);
  Submit(Of(Request("b"), "beta"));
  EXPECT_EQ(ByTenant(ClaimDue(store(), 5)), (std::map<std::string, int>{{"beta", 1}}));
  EXPECT_EQ(ByTenant(ClaimDue(store(), 5)), (std::map<std::string, int>{}));
  Submit(Of(Request("new"), "alpha"));
  EXPECT_EQ(ByTenant(ClaimDue(store(), 5)), (std::map<std::string, int>{{"alpha", 1}}));
  Reopen();
  const ClaimDueOutcome early = ClaimDue(store(), 5);
  EXPECT_TRUE(early.claimed.empty());
  clock().Advance(absl::Minutes(6));
  EXPECT_EQ(ByTenant(ClaimDue(store(), 5)), (std::map<std::string, int>{{"alpha", 1}}));
}

TEST_P(WorkflowStoreConformance, RepostsTakeTheirTenantsShare) {
  for (int i = 0; i < 5; ++i) {
    Unknown(Of(RequestWith(absl::StrCat("p", i), AmbiguityPolicy::kResubmitOnce), "alpha"));
  }
  clock().Advance(absl::Minutes(3));
  Submit(Of(Request("one"), "beta"));
  EXPECT_EQ(ByTenant(ClaimDue(store(), 2)),
            (std::map<std::string, int>{{"alpha", 1}, {"beta", 1}}));
}

TEST_P(WorkflowStoreConformance, PoliciesThatPostNothingActWithoutASlot) {
  const Submission failing = Unknown(RequestWith("fail", AmbiguityPolicy::kResubmitOnce));
  Submit(RequestWith("fail", AmbiguityPolicy::kFail));  // joins: the stricter policy holds
  const Submission held = Unknown(RequestWith("hold", AmbiguityPolicy::kResubmitOnce));
  Submit(RequestWith("hold", AmbiguityPolicy::kHold));
  const Submission posts = Unknown(RequestWith("once", AmbiguityPolicy::kResubmitOnce));
  clock().Advance(absl::Minutes(3));
  const ClaimDueOutcome outcome = ClaimDue(store(), 0);
  EXPECT_TRUE(outcome.claimed.empty());
  EXPECT_EQ(outcome.changed.size(), 2U);
  EXPECT_EQ(Get(failing.id).submission.state, kAbandoned);
  EXPECT_EQ(Get(held.id).submission.state, kOutcomeUnknown);
  EXPECT_EQ(Get(held.id).submission.next_attempt_time, absl::InfinitePast());
  EXPECT_EQ(Get(posts.id).submission, posts);
  EXPECT_EQ(outcome.next_due_time, posts.next_attempt_time);
}

TEST_P(WorkflowStoreConformance, ATrustedRepostNeedsASlotWhateverThePolicy) {
  constexpr AmbiguityRules kTrusted = {.trusted = true};
  const SubmitOutcome claimed = SubmitAndClaim(RequestWith("fail", AmbiguityPolicy::kFail));
  FinishAttempt finish = MakeFinish(*claimed.started_attempt, AttemptClass::kAmbiguous);
  finish.rules = kTrusted;
  finish.earliest_repost_time = clock().Now();
  const Submission unknown = Apply(claimed.submission.id, finish);
  ASSERT_EQ(unknown.state, kOutcomeUnknown);
  EXPECT_TRUE(ClaimDue(store(), 0, kTrusted).changed.empty());
  EXPECT_EQ(Get(unknown.id).submission, unknown);
  EXPECT_EQ(ClaimDue(store(), 1, kTrusted).claimed.size(), 1U);
}

}  // namespace
}  // namespace genledger
