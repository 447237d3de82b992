// What the ambiguity policies do about outcomes that nobody can know (DESIGN.md section 6).
#include "service/domain/ambiguity.h"

#include <gtest/gtest.h>

#include "service/base/error_details.h"
#include "tests/service/domain/sample_record.h"

namespace genledger {
namespace {

using enum SubmissionState;

// Ambiguous under the rules of --upstream_idempotency=trusted.
SampleRecord Trusted(AmbiguityPolicy policy) {
  SampleRecord r(policy);
  r.rules.trusted = true;
  r.Claim().Ambiguous();
  return r;
}

void ExpectHeld(const SampleRecord& r) {
  EXPECT_EQ(r.s.state, kOutcomeUnknown);
  EXPECT_EQ(r.s.next_attempt_time, absl::InfinitePast());
  EXPECT_TRUE(r.s.holds_hash);
}

// Acts when it is due, until it is held or posted; the test fails if it is not posted.
void ExpectReposted(SampleRecord& r, AttemptKind kind) {
  ASSERT_NE(r.s.next_attempt_time, absl::InfinitePast());
  r.now = std::max(r.now, r.s.next_attempt_time);
  ASSERT_TRUE(r.Act().ok());
  ASSERT_EQ(r.s.state, kDispatching);
  EXPECT_EQ(r.attempts.back().kind, kind);
  EXPECT_EQ(r.events.back().type, "reposted");
}

TEST(Hold, IsNeverDue) {
  SampleRecord r(AmbiguityPolicy::kHold);
  r.Claim().Ambiguous();
  ExpectHeld(r);
  r.now += absl::Hours(100);
  ASSERT_TRUE(r.Act().ok());
  ExpectHeld(r);
  EXPECT_EQ(r.Charges(), "0..1");
}

TEST(Fail, AbandonsAtOnceAndKeepsTheCharge) {
  SampleRecord r(AmbiguityPolicy::kFail);
  r.Claim().Ambiguous();
  EXPECT_EQ(r.s.state, kAbandoned);
  EXPECT_FALSE(r.s.holds_hash);
  EXPECT_EQ(r.s.dedupe_expire_time, r.now + absl::Hours(24));
  EXPECT_EQ(r.s.unsettled_attempts, 1);
  EXPECT_EQ(r.Charges(), "0..1");
  EXPECT_EQ(r.events.at(r.events.size() - 2).type, "unknown");
  EXPECT_EQ(r.events.back().type, "abandoned");
}

TEST(Fail, AbandonsALeaseThatRanOut) {
  SampleRecord r(AmbiguityPolicy::kFail);
  r.Claim();
  ASSERT_TRUE(r.Apply(ExpireLease{.epoch = r.s.epoch}).ok());
  EXPECT_EQ(r.s.state, kAbandoned);
}

TEST(ResubmitOnce, IsDueNoSoonerThanTheAttemptMustHaveEnded) {
  SampleRecord r(AmbiguityPolicy::kResubmitOnce);
  r.Claim();
  const absl::Time start = r.now;
  r.now += absl::Seconds(60);
  r.Ambiguous();
  EXPECT_EQ(r.s.state, kOutcomeUnknown);
  EXPECT_EQ(r.s.next_attempt_time, start + absl::Seconds(150));
  r.now = start + absl::Seconds(150) - absl::Microseconds(1);
  ASSERT_TRUE(r.Act().ok());  // somebody asks too early
  EXPECT_EQ(r.s.state, kOutcomeUnknown);
  EXPECT_EQ(r.s.next_attempt_time, start + absl::Seconds(150));
  EXPECT_EQ(r.s.upstream_posts_sent, 1);
  ExpectReposted(r, AttemptKind::kResubmitOnce);
  EXPECT_EQ(r.s.upstream_posts_sent, 2);
  EXPECT_EQ(r.Charges(), "0..2");
  EXPECT_EQ(r.s.epoch, 2);
  EXPECT_NE(r.s.lease_expire_time, absl::InfinitePast());
}

TEST(ResubmitOnce, IsOnceEver) {
  SampleRecord r(AmbiguityPolicy::kResubmitOnce);
  r.Claim().Ambiguous().ResubmitOnce().Ambiguous();
  ExpectHeld(r);
  EXPECT_EQ(r.s.unsettled_attempts, 2);
  EXPECT_EQ(r.Charges(), "0..2");
  // Not even in another run.
  r.Resolve(DeclareNotAccepted{});
  ASSERT_TRUE(r.Apply(RetryRun{}).ok());
  r.Claim().Ambiguous();
  ExpectHeld(r);
}

TEST(ResubmitOnce, IsNotUsedUpByWhatWasNotSentOrRefusedForNow) {
  for (const AttemptClass outcome : {AttemptClass::kNotSent, AttemptClass::kRefusedTransient}) {
    SampleRecord r(AmbiguityPolicy::kResubmitOnce);
    r.Claim().Ambiguous().ResubmitOnce().EndWithRetry(SampleResult(outcome));
    EXPECT_EQ(r.s.state, kOutcomeUnknown);
    EXPECT_EQ(r.Charges(), "0..1");
    EXPECT_GE(r.s.next_attempt_time, r.now + absl::Seconds(1));  // the back-off
    ExpectReposted(r, AttemptKind::kResubmitOnce);
    r.Ambiguous();
    ExpectHeld(r);
  }
}

TEST(ResubmitOnce, IsUsedUpByARefusalForGood) {
  SampleRecord r(AmbiguityPolicy::kResubmitOnce);
  r.Claim().Ambiguous().ResubmitOnce().End(SampleResult(AttemptClass::kRefused));
  ExpectHeld(r);
  EXPECT_EQ(r.s.unsettled_attempts, 1);
  EXPECT_EQ(r.Charges(), "0..1");
}

TEST(ResubmitOnce, AcceptedLeavesTheFirstUnsettledAndBothMayBeCharged) {
  SampleRecord r(AmbiguityPolicy::kResubmitOnce);
  r.Claim().Ambiguous().ResubmitOnce().End(SampleAccepted("t"));
  EXPECT_EQ(r.s.state, kSubmitted);
  EXPECT_EQ(r.Charges(), "1..2");
}

TEST(ResubmitOnce, DoesNotPostWhatTheUpstreamCannotTell) {
  SampleRecord r(AmbiguityPolicy::kResubmitOnce);
  AttemptResult indeterminate = SampleResult(AttemptClass::kAmbiguous);
  indeterminate.never_repost = true;
  r.Claim().End(indeterminate);
  ExpectHeld(r);
  r.now += absl::Hours(1);
  ASSERT_TRUE(r.Act().ok());
  ExpectHeld(r);
}

TEST(ResubmitOnce, DoesNotPostWhatIsToBeCancelled) {
  SampleRecord before(AmbiguityPolicy::kResubmitOnce);
  before.Claim();
  before.Cancel();
  before.Ambiguous();
  ExpectHeld(before);
  SampleRecord after(AmbiguityPolicy::kResubmitOnce);
  after.Claim().Ambiguous();
  after.Cancel();
  after.now = std::max(after.now, after.s.next_attempt_time);
  ASSERT_TRUE(after.Act().ok());
  ExpectHeld(after);
  EXPECT_EQ(after.s.upstream_posts_sent, 1);
}

TEST(TrustedRepost, SendsTheSameKeyAfterTheBackOffAndComesBeforeThePolicy) {
  for (const AmbiguityPolicy policy :
       {AmbiguityPolicy::kHold, AmbiguityPolicy::kFail, AmbiguityPolicy::kResubmitOnce}) {
    SampleRecord r = Trusted(policy);
    ASSERT_EQ(r.s.state, kOutcomeUnknown);
    EXPECT_EQ(r.s.next_attempt_time, r.now + absl::Seconds(1));
    ExpectReposted(r, AttemptKind::kTrustedRepost);
    EXPECT_EQ(r.attempt(2).idempotency_key, r.attempt(1).idempotency_key);
    EXPECT_EQ(r.s.run_reposts, 1);
    EXPECT_FALSE(r.s.resubmitted_once);
    EXPECT_EQ(r.Charges(), "0..2");
  }
}

TEST(TrustedRepost, HappensThreeTimesARunAndThenThePolicyDecides) {
  for (const AmbiguityPolicy policy :
       {AmbiguityPolicy::kHold, AmbiguityPolicy::kFail, AmbiguityPolicy::kResubmitOnce}) {
    SampleRecord r = Trusted(policy);
    for (int i = 0; i < 3; ++i) {
      ExpectReposted(r, AttemptKind::kTrustedRepost);
      r.Ambiguous();
    }
    EXPECT_EQ(r.Charges(), "0..4");
    if (policy == AmbiguityPolicy::kHold) {
      ExpectHeld(r);
    } else if (policy == AmbiguityPolicy::kFail) {
      EXPECT_EQ(r.s.state, kAbandoned);
    } else {
      EXPECT_EQ(r.s.next_attempt_time, r.attempts.back().start_time + absl::Seconds(150));
      ExpectReposted(r, AttemptKind::kResubmitOnce);
    }
  }
}

TEST(TrustedRepost, IsCountedAnewInANewRun) {
  SampleRecord r = Trusted(AmbiguityPolicy::kHold);
  for (int i = 0; i < 3; ++i) {
    ExpectReposted(r, AttemptKind::kTrustedRepost);
    r.Ambiguous();
  }
  r.Resolve(DeclareNotAccepted{});
  EXPECT_EQ(r.Charges(), "0..0");
  ASSERT_TRUE(r.Apply(RetryRun{}).ok());
  r.Claim().Ambiguous();
  ExpectReposted(r, AttemptKind::kTrustedRepost);
}

TEST(TrustedRepost, NeedsTheAttemptsOwnCredentialAndUrl) {
  Claim other_key = SampleClaim();
  other_key.credential_fingerprint = "another";
  Claim other_url = SampleClaim();
  other_url.base_url = "https://elsewhere";
  for (const Claim& claim : {other_key, other_url}) {
    SampleRecord held = Trusted(AmbiguityPolicy::kHold);
    held.now = held.s.next_attempt_time;
    ASSERT_TRUE(held.Act(claim).ok());
    ExpectHeld(held);
    SampleRecord failed = Trusted(AmbiguityPolicy::kFail);
    failed.now = failed.s.next_attempt_time;
    ASSERT_TRUE(failed.Act(claim).ok());
    EXPECT_EQ(failed.s.state, kAbandoned);
    SampleRecord once = Trusted(AmbiguityPolicy::kResubmitOnce);
    once.now = once.s.next_attempt_time;
    ASSERT_TRUE(once.Act(claim).ok());
    EXPECT_EQ(once.s.state, kOutcomeUnknown);
    EXPECT_EQ(once.s.next_attempt_time, once.attempt(1).start_time + absl::Seconds(150));
  }
}

TEST(TrustedRepost, NeedsAKeyThatWasSent) {
  SampleRecord r(AmbiguityPolicy::kHold);
  r.rules.trusted = true;
  Claim claim = SampleClaim();
  claim.send_idempotency_key = false;
  r.Take(*ClaimSubmission(r.s, claim, r.now));
  r.Ambiguous();
  ExpectHeld(r);
}

TEST(TrustedRepost, EndsTwentyThreeHoursAfterTheKeyWasFirstUsed) {
  SampleRecord r = Trusted(AmbiguityPolicy::kHold);
  const absl::Time start = r.attempt(1).start_time;
  r.now = start + absl::Hours(23) - absl::Microseconds(1);
  SampleRecord late = r;
  ExpectReposted(r, AttemptKind::kTrustedRepost);
  r.now = start + absl::Hours(23);  // the second attempt is young, but its key is not
  r.Ambiguous();
  ExpectHeld(r);
  late.now = start + absl::Hours(23);
  ASSERT_TRUE(late.Act().ok());
  ExpectHeld(late);
}

TEST(TrustedRepost, IsOverOnceTheUpstreamCannotTell) {
  AttemptResult indeterminate = SampleResult(AttemptClass::kAmbiguous);
  indeterminate.never_repost = true;
  for (const AmbiguityPolicy policy : {AmbiguityPolicy::kHold, AmbiguityPolicy::kResubmitOnce}) {
    SampleRecord r = Trusted(policy);
    ExpectReposted(r, AttemptKind::kTrustedRepost);
    r.End(indeterminate);
    ExpectHeld(r);
  }
  SampleRecord failed = Trusted(AmbiguityPolicy::kFail);
  ExpectReposted(failed, AttemptKind::kTrustedRepost);
  failed.End(indeterminate);
  EXPECT_EQ(failed.s.state, kAbandoned);
}

TEST(TrustedRepost, DoesNotPostWhatIsToBeCancelled) {
  SampleRecord r = Trusted(AmbiguityPolicy::kHold);
  r.Cancel();
  r.now = r.s.next_attempt_time;
  ASSERT_TRUE(r.Act().ok());
  ExpectHeld(r);
}

TEST(TrustedRepost, GoesOnAfterOneThatWasRefusedForNow) {
  SampleRecord r = Trusted(AmbiguityPolicy::kHold);
  ExpectReposted(r, AttemptKind::kTrustedRepost);
  r.EndWithRetry(SampleResult(AttemptClass::kNotSent));
  EXPECT_EQ(r.s.state, kOutcomeUnknown);
  EXPECT_EQ(r.Charges(), "0..1");
  EXPECT_EQ(r.s.next_attempt_time, r.now + absl::Seconds(1));
  ExpectReposted(r, AttemptKind::kTrustedRepost);
  EXPECT_EQ(r.s.run_reposts, 2);
}

TEST(ActOnUnknown, RefusesEveryOtherState) {
  for (const SubmissionState state :
       {kPending, kDispatching, kSubmitted, kFailed, kCancelled, kAbandoned}) {
    SampleRecord r;
    r.Claim().Ambiguous();
    r.s.state = state;
    const absl::Status status = r.Act();
    EXPECT_EQ(GetErrorDetails(status)->reason, ErrorReason::kIllegalState);
  }
}

}  // namespace
}  // namespace genledger
