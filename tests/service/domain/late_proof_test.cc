// Proofs about an attempt that arrive after it was given up (DESIGN.md section 2; invariant 6).
#include <gtest/gtest.h>

#include <vector>

#include "service/base/error_reason.h"
#include "tests/service/domain/sample_record.h"

namespace genledger {
namespace {

using enum SubmissionState;

const AttemptResult kRefusedResult = SampleResult(AttemptClass::kRefused);
const AttemptResult kTransientResult = SampleResult(AttemptClass::kRefusedTransient);
const AttemptResult kNotSentResult = SampleResult(AttemptClass::kNotSent);

// The first attempt unsettled, the second (RESUBMIT_ONCE) in flight.
SampleRecord TwoAttempts() {
  SampleRecord r(AmbiguityPolicy::kResubmitOnce);
  r.Claim().Ambiguous().ResubmitOnce();
  return r;
}

// Whether a proof about this attempt is refused and changes nothing.
void ExpectFencedOff(SampleRecord& r, const AttemptResult& result, int32_t attempt) {
  const Submission before = r.s;
  EXPECT_TRUE(absl::IsAborted(r.Apply(r.FinishOf(result, attempt))));
  EXPECT_EQ(r.s, before);
}

TEST(LateAcceptance, OfAnUnknownOutcomeIsSubmitted) {
  SampleRecord r;
  r.Claim().Ambiguous().End(SampleAccepted("t"));
  EXPECT_EQ(r.s.state, kSubmitted);
  EXPECT_EQ(r.s.task_id, TaskId("t"));
  EXPECT_EQ(r.s.submit_time, r.now);
  EXPECT_TRUE(r.s.holds_hash);
  EXPECT_FALSE(r.s.failure.has_value());
  EXPECT_EQ(r.s.next_attempt_time, absl::InfinitePast());
  EXPECT_EQ(r.Charges(), "1..1");
  EXPECT_EQ(r.events.back().type, "proved_accepted");
}

TEST(LateAcceptance, AfterTheLeaseRanOutIsKept) {
  SampleRecord r;
  r.Claim();
  r.now = r.s.lease_expire_time;
  ASSERT_TRUE(r.Apply(ExpireLease{.epoch = r.s.epoch, .actor = "ledger-1"}).ok());
  ASSERT_EQ(r.s.state, kOutcomeUnknown);
  EXPECT_EQ(r.Charges(), "0..1");
  r.End(SampleAccepted("t"));
  EXPECT_EQ(r.s.state, kSubmitted);
  EXPECT_EQ(r.Charges(), "1..1");
}

TEST(LateAcceptance, WhileALaterAttemptIsOutLeavesItDispatchingAndWinsHoweverThatEnds) {
  struct Case {
    AttemptResult end;
    const char* charges;
  };
  const std::vector<Case> cases = {{kNotSentResult, "1..1"},
                                   {kRefusedResult, "1..1"},
                                   {kTransientResult, "1..1"},
                                   {SampleTrustedEnvelope(), "1..2"},
                                   {SampleResult(AttemptClass::kAmbiguous), "1..2"},
                                   {SampleAccepted("second"), "2..2"}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.charges);
    SampleRecord r = TwoAttempts();
    r.End(SampleAccepted("first"), 1);
    EXPECT_EQ(r.s.state, kDispatching);
    EXPECT_EQ(r.s.task_id, TaskId("first"));
    EXPECT_EQ(r.attempt(1).outcome, AttemptOutcome::kAccepted);
    EXPECT_EQ(r.attempt(2).outcome, AttemptOutcome::kInFlight);
    EXPECT_NE(r.s.lease_owner, "");
    EXPECT_EQ(r.Charges(), "1..2");
    r.EndWithRetry(c.end);
    EXPECT_EQ(r.s.state, kSubmitted);
    EXPECT_EQ(r.s.task_id, TaskId("first"));
    EXPECT_EQ(r.s.submit_time, r.now);
    EXPECT_FALSE(r.s.failure.has_value());
    EXPECT_EQ(r.Charges(), c.charges);
    EXPECT_EQ(r.s.lease_owner, "");
  }
}

TEST(LateAcceptance, WhileALaterAttemptIsOutSurvivesItsLease) {
  SampleRecord r = TwoAttempts();
  r.End(SampleAccepted("first"), 1);
  ASSERT_TRUE(r.Apply(ExpireLease{.epoch = r.s.epoch, .rules = r.rules}).ok());
  EXPECT_EQ(r.s.state, kSubmitted);
  EXPECT_EQ(r.s.unsettled_attempts, 1);
  r.End(SampleAccepted("second"), 2);
  EXPECT_EQ(r.s.state, kSubmitted);
  EXPECT_EQ(r.s.task_id, TaskId("first"));
  EXPECT_EQ(r.attempt(2).task_ids, std::vector<TaskId>{TaskId("second")});
  EXPECT_EQ(r.Charges(), "2..2");
}

TEST(LateAcceptance, OfAnAbandonedSubmissionTakesTheHashOnlyIfNobodyHoldsIt) {
  for (const bool free : {true, false}) {
    SampleRecord r(AmbiguityPolicy::kFail);
    r.Claim().Ambiguous();
    ASSERT_EQ(r.s.state, kAbandoned);
    r.hash_is_free = free;
    r.End(SampleAccepted("t"));
    EXPECT_EQ(r.s.state, kSubmitted);
    EXPECT_EQ(r.s.holds_hash, free);
    EXPECT_EQ(r.Charges(), "1..1");
  }
}

TEST(LateAcceptance, OfAFailedSubmissionGivesTheChargeBack) {
  SampleRecord r;
  r.Claim().Ambiguous().Resolve(DeclareNotAccepted{});
  ASSERT_EQ(r.s.state, kFailed);
  ASSERT_EQ(r.Charges(), "0..0");
  r.hash_is_free = false;
  r.End(SampleAccepted("t"));
  EXPECT_EQ(r.s.state, kSubmitted);
  EXPECT_FALSE(r.s.holds_hash);
  EXPECT_EQ(r.Charges(), "1..1");
}

TEST(LateAcceptance, OfARefusedAttemptGivesTheChargeBackAndOfATrustedEnvelopeItIsCountedAlready) {
  for (const AttemptResult& refusal : {kRefusedResult, SampleTrustedEnvelope()}) {
    SampleRecord r;
    r.Claim().End(refusal);
    ASSERT_EQ(r.s.state, kFailed);
    r.End(SampleAccepted("t"));
    EXPECT_EQ(r.s.state, kSubmitted);
    EXPECT_EQ(r.Charges(), "1..1");
  }
}

TEST(LateAcceptance, OfAnAttemptThatWasTakenForNotSentIsAPostAgain) {
  SampleRecord r;
  r.Claim().Ambiguous().End(SampleResult(AttemptClass::kNotSent));
  ASSERT_EQ(r.s.upstream_posts_sent, 0);
  r.End(SampleAccepted("t"));
  EXPECT_EQ(r.s.state, kSubmitted);
  EXPECT_EQ(r.s.upstream_posts_sent, 1);
  EXPECT_EQ(r.Charges(), "1..1");
}

TEST(LateAcceptance, OfACancelledSubmissionIsSubmitted) {
  SampleRecord r;
  r.Claim().Ambiguous();
  ASSERT_EQ(r.Cancel(), CancelOutcome::kCancelRequested);
  r.Resolve(DeclareNotAccepted{});
  ASSERT_EQ(r.s.state, kCancelled);
  r.End(SampleAccepted("t"));
  EXPECT_EQ(r.s.state, kSubmitted);
  EXPECT_EQ(r.s.cancel_request_time, absl::InfinitePast());
  EXPECT_EQ(r.Charges(), "1..1");
}

TEST(LateAcceptance, OfAnEarlierRunWhilePendingIsSubmitted) {
  SampleRecord r;
  r.Claim().Ambiguous().Resolve(DeclareNotAccepted{});
  ASSERT_TRUE(r.Apply(RetryRun{.actor = "ops"}).ok());
  ASSERT_EQ(r.s.state, kPending);
  r.End(SampleAccepted("t"), 1);
  EXPECT_EQ(r.s.state, kSubmitted);
  EXPECT_EQ(r.s.next_attempt_time, absl::InfinitePast());
  EXPECT_TRUE(r.s.holds_hash);
  EXPECT_EQ(r.Charges(), "1..1");
}

TEST(LateAcceptance, OfASubmittedSubmissionLeavesItsIdAndItsTimeAsTheyAre) {
  SampleRecord r = TwoAttempts();
  r.End(SampleAccepted("second"));
  ASSERT_EQ(r.s.state, kSubmitted);
  EXPECT_EQ(r.Charges(), "1..2");
  const absl::Time submitted = r.now;
  r.now += absl::Hours(1);
  r.End(SampleAccepted("first"), 1);
  EXPECT_EQ(r.s.state, kSubmitted);
  EXPECT_EQ(r.s.task_id, TaskId("second"));
  EXPECT_EQ(r.s.submit_time, submitted);
  EXPECT_EQ(r.attempt(1).task_ids, std::vector<TaskId>{TaskId("first")});
  EXPECT_EQ(r.Charges(), "2..2");
}

TEST(LateAcceptance, CountsOncePerAttempt) {
  SampleRecord r;
  r.Claim().Ambiguous().End(SampleAccepted("t"));
  ExpectFencedOff(r, SampleAccepted("t"), 1);
  ExpectFencedOff(r, kRefusedResult, 1);
  EXPECT_EQ(r.Charges(), "1..1");
}

// The upstream honours the key, so that a second POST is answered with the task of the first.
TEST(LateAcceptance, OfATaskThatAnotherAttemptHasIsCountedOnce) {
  SampleRecord r = TwoAttempts();
  r.End(SampleAccepted("t"));
  ASSERT_EQ(r.Charges(), "1..2");
  r.End(SampleAccepted("t"), 1);
  EXPECT_EQ(r.attempt(1).outcome, AttemptOutcome::kAccepted);
  EXPECT_EQ(r.s.unsettled_attempts, 0);
  EXPECT_EQ(r.Charges(), "1..2");
}

// An operator saw one task of two, or the wrong one: no task_id is lost.
TEST(LateAcceptance, OfAnAdoptedAttemptAddsTheTasksThatItDoesNotHave) {
  SampleRecord r;
  r.Claim().Ambiguous().Resolve(AdoptTask{.task_id = TaskId("adopted")});
  ExpectFencedOff(r, SampleAccepted("adopted"), 1);
  AttemptResult both = SampleAccepted("adopted");
  both.task_ids.emplace_back("second");
  r.End(both, 1);
  EXPECT_EQ(r.s.state, kSubmitted);
  EXPECT_EQ(r.s.task_id, TaskId("adopted"));
  EXPECT_EQ(r.attempt(1).task_ids, both.task_ids);
  EXPECT_EQ(r.Charges(), "1..1");
  ExpectFencedOff(r, both, 1);
}

TEST(LateRefusal, OfTheLastUnsettledAttemptGoesOnLikeDispatching) {
  struct Case {
    AttemptResult proof;
    bool retry;
    bool cancelled;
    SubmissionState state;
  };
  const std::vector<Case> cases = {
      {kRefusedResult, true, false, kFailed},     {kRefusedResult, true, true, kCancelled},
      {kTransientResult, true, false, kPending},  {kTransientResult, false, false, kFailed},
      {kTransientResult, true, true, kCancelled}, {kNotSentResult, true, false, kPending},
      {kNotSentResult, false, false, kFailed},    {kNotSentResult, true, true, kCancelled}};
  for (size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE(i);
    const Case& c = cases[i];
    SampleRecord r;
    r.Claim().Ambiguous();
    if (c.cancelled) {
      r.Cancel();
    }
    c.retry ? r.EndWithRetry(c.proof) : r.End(c.proof);
    EXPECT_EQ(r.s.state, c.state);
    EXPECT_EQ(r.Charges(), "0..0");
    EXPECT_EQ(r.s.upstream_posts_sent, c.proof.outcome == AttemptClass::kNotSent ? 0 : 1);
    EXPECT_EQ(r.s.holds_hash, c.state == kPending);
    EXPECT_EQ(r.events.back().type, "proved_not_accepted");
    if (c.state == kPending) {
      EXPECT_EQ(r.s.next_attempt_time, r.now + absl::Seconds(1));
    }
  }
}

TEST(LateRefusal, WithAnotherUnsettledAttemptLeavesTheOutcomeUnknown) {
  SampleRecord r = TwoAttempts();
  r.Ambiguous();
  ASSERT_EQ(r.s.state, kOutcomeUnknown);
  EXPECT_EQ(r.Charges(), "0..2");
  r.End(kRefusedResult, 1);
  EXPECT_EQ(r.s.state, kOutcomeUnknown);
  EXPECT_EQ(r.Charges(), "0..1");
  EXPECT_TRUE(r.s.holds_hash);
  r.End(kRefusedResult, 2);
  EXPECT_EQ(r.s.state, kFailed);
  EXPECT_EQ(r.Charges(), "0..0");
}

TEST(LateRefusal, WhileALaterAttemptIsOutOnlySettlesItsOwn) {
  SampleRecord r = TwoAttempts();
  r.End(kRefusedResult, 1);
  EXPECT_EQ(r.s.state, kDispatching);
  EXPECT_EQ(r.s.unsettled_attempts, 0);
  EXPECT_EQ(r.Charges(), "0..1");
  r.End(kRefusedResult, 2);
  EXPECT_EQ(r.s.state, kFailed);
  EXPECT_EQ(r.Charges(), "0..0");
}

TEST(LateRefusal, OfAnAbandonedSubmissionTakesTheChargeOffAndLeavesItAbandoned) {
  SampleRecord r(AmbiguityPolicy::kFail);
  r.Claim().Ambiguous().EndWithRetry(kTransientResult);
  EXPECT_EQ(r.s.state, kAbandoned);
  EXPECT_EQ(r.Charges(), "0..0");
}

TEST(LateRefusal, OfASubmittedSubmissionTakesTheChargeOff) {
  SampleRecord r = TwoAttempts();
  r.End(SampleAccepted("second")).End(kRefusedResult, 1);
  EXPECT_EQ(r.s.state, kSubmitted);
  EXPECT_EQ(r.Charges(), "1..1");
}

TEST(LateRefusal, ThatOnlyTheTrustedEnvelopeMadeOneKeepsTheCharge) {
  SampleRecord r;
  r.Claim().Ambiguous().End(SampleTrustedEnvelope());
  EXPECT_EQ(r.s.state, kFailed);
  EXPECT_EQ(r.Charges(), "0..1");
}

TEST(LateProof, OfAnythingElseIsFencedOff) {
  SampleRecord ambiguous;
  ambiguous.Claim().Ambiguous();
  ExpectFencedOff(ambiguous, SampleResult(AttemptClass::kAmbiguous), 1);
  SampleRecord refused;
  refused.Claim().End(kRefusedResult);
  ExpectFencedOff(refused, kRefusedResult, 1);
  ExpectFencedOff(refused, SampleResult(AttemptClass::kAmbiguous), 1);
  SampleRecord declared;
  declared.Claim().Ambiguous().Resolve(DeclareNotAccepted{});
  ExpectFencedOff(declared, kRefusedResult, 1);
}

TEST(LateProof, OfAnotherEpochIsFencedOff) {
  SampleRecord r;
  r.Claim().Ambiguous();
  FinishAttempt finish = r.FinishOf(SampleAccepted("t"));
  ++finish.epoch;
  EXPECT_TRUE(absl::IsAborted(r.Apply(finish)));
  EXPECT_EQ(r.s.state, kOutcomeUnknown);
}

TEST(LateProof, NeverTakesAwayWhatAnAttemptInFlightNeeds) {
  SampleRecord r = TwoAttempts();
  const std::string owner = r.s.lease_owner;
  const absl::Time lease = r.s.lease_expire_time;
  r.End(SampleAccepted("first"), 1);
  EXPECT_EQ(r.s.lease_owner, owner);
  EXPECT_EQ(r.s.lease_expire_time, lease);
  EXPECT_TRUE(r.s.holds_hash);
}

}  // namespace
}  // namespace genledger
