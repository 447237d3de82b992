// Cancel, release, resolve, retry.
#include "service/domain/operator_transitions.h"

#include <gtest/gtest.h>

#include "service/base/error_details.h"
#include "tests/service/domain/sample_record.h"

namespace genledger {
namespace {

using enum SubmissionState;

ErrorReason ReasonOf(const absl::Status& status) {
  const std::optional<ErrorDetails> details = GetErrorDetails(status);
  return details.has_value() ? details->reason : ErrorReason::kUnspecified;
}

SampleRecord Unknown() {
  SampleRecord r;
  r.Claim().Ambiguous();
  return r;
}

// Two unsettled attempts.
SampleRecord TwiceUnknown() {
  SampleRecord r(AmbiguityPolicy::kResubmitOnce);
  r.Claim().Ambiguous().ResubmitOnce().Ambiguous();
  return r;
}

SampleRecord Submitted() {
  SampleRecord r;
  r.Claim().End(SampleAccepted("t"));
  return r;
}

SampleRecord FailedRecord() {
  SampleRecord r;
  r.Claim().End(SampleResult(AttemptClass::kRefused));
  return r;
}

SampleRecord Abandoned() {
  SampleRecord r = Unknown();
  r.Resolve(Abandon{});
  return r;
}

SampleRecord Cancelled() {
  SampleRecord r;
  r.Cancel();
  return r;
}

absl::Status TryResolve(SampleRecord& r, decltype(Resolution::kind) kind) {
  return r.Apply(Resolution{.kind = std::move(kind), .note = "n", .actor = "ops"});
}

TEST(Cancel, WhilePendingIsFreeAndReleasesTheHash) {
  SampleRecord r;
  EXPECT_EQ(r.Cancel(), CancelOutcome::kCancelledFree);
  EXPECT_EQ(r.s.state, kCancelled);
  EXPECT_FALSE(r.s.holds_hash);
  EXPECT_EQ(r.s.next_attempt_time, absl::InfinitePast());
  EXPECT_EQ(r.Charges(), "0..0");
}

TEST(Cancel, WhileAnAttemptIsOutOrUnknownIsOnlyRequestedOnce) {
  SampleRecord dispatching;
  dispatching.Claim();
  SampleRecord unknown = Unknown();
  for (SampleRecord* r : {&dispatching, &unknown}) {
    const SubmissionState state = r->s.state;
    EXPECT_EQ(r->Cancel(), CancelOutcome::kCancelRequested);
    EXPECT_EQ(r->s.state, state);
    EXPECT_EQ(r->s.cancel_request_time, r->now);
    EXPECT_TRUE(r->s.holds_hash);
    const int64_t revision = r->s.revision;
    EXPECT_EQ(r->Cancel(), CancelOutcome::kCancelRequested);
    EXPECT_EQ(r->s.revision, revision);
  }
}

TEST(Cancel, IsTooLateOrPointlessAtTheEnd) {
  SampleRecord submitted = Submitted();
  EXPECT_EQ(submitted.Cancel(), CancelOutcome::kTooLate);
  SampleRecord failed = FailedRecord();
  SampleRecord abandoned = Abandoned();
  SampleRecord cancelled = Cancelled();
  for (SampleRecord* r : {&failed, &abandoned, &cancelled}) {
    const int64_t revision = r->s.revision;
    EXPECT_EQ(r->Cancel(), CancelOutcome::kAlreadyTerminal);
    EXPECT_EQ(r->s.revision, revision);
  }
}

TEST(CancelByRequestId, DetachesWhileOthersWantIt) {
  for (const bool anonymous : {true, false}) {
    SampleRecord r;
    r.s.anonymous_caller = anonymous;
    r.s.request_id_count = anonymous ? 1 : 2;
    const CancelDecision decision = DecideCancel(r.s, true, /*attached=*/true, "w", r.now);
    EXPECT_EQ(decision.outcome, CancelOutcome::kDetached);
    EXPECT_TRUE(decision.detach);
    r.Take(*decision.change);
    EXPECT_EQ(r.s.state, kPending);
    EXPECT_EQ(r.s.request_id_count, anonymous ? 0 : 1);
    EXPECT_EQ(r.events.back().type, "detached");
    // Withdrawn twice: nothing to write.
    const CancelDecision again = DecideCancel(r.s, true, /*attached=*/false, "w", r.now);
    EXPECT_EQ(again.outcome, CancelOutcome::kDetached);
    EXPECT_FALSE(again.change.has_value());
    EXPECT_FALSE(again.detach);
  }
}

TEST(CancelByRequestId, CancelsWhenNobodyElseWantsIt) {
  SampleRecord r;
  const CancelDecision decision = DecideCancel(r.s, true, /*attached=*/true, "w", r.now);
  EXPECT_EQ(decision.outcome, CancelOutcome::kCancelledFree);
  EXPECT_FALSE(decision.detach);
  SampleRecord out;
  out.Claim();
  EXPECT_EQ(DecideCancel(out.s, true, true, "w", out.now).outcome, CancelOutcome::kCancelRequested);
}

TEST(CancelByRequestId, SaysTooLateThoughOthersWantIt) {
  SampleRecord r = Submitted();
  r.s.request_id_count = 2;
  EXPECT_EQ(DecideCancel(r.s, true, true, "w", r.now).outcome, CancelOutcome::kTooLate);
}

TEST(Cancel, ByIdIsForEverybody) {
  SampleRecord r;
  r.s.request_id_count = 3;
  r.s.anonymous_caller = true;
  EXPECT_EQ(r.Cancel(), CancelOutcome::kCancelledFree);
}

TEST(ReleaseDedupe, LetsGoOfTheHashOfWhatIsSubmitted) {
  SampleRecord r = Submitted();
  ASSERT_TRUE(r.Apply(ReleaseDedupe{.actor = "w"}).ok());
  EXPECT_EQ(r.s.state, kSubmitted);
  EXPECT_FALSE(r.s.holds_hash);
  const int64_t revision = r.s.revision;
  ASSERT_TRUE(r.Apply(ReleaseDedupe{.actor = "w"}).ok());
  EXPECT_EQ(r.s.revision, revision);
}

TEST(ReleaseDedupe, IsIllegalInEveryOtherState) {
  SampleRecord pending;
  SampleRecord dispatching;
  dispatching.Claim();
  SampleRecord unknown = Unknown();
  SampleRecord failed = FailedRecord();
  SampleRecord abandoned = Abandoned();
  SampleRecord cancelled = Cancelled();
  for (SampleRecord* r : {&pending, &dispatching, &unknown, &failed, &abandoned, &cancelled}) {
    EXPECT_EQ(ReasonOf(r->Apply(ReleaseDedupe{})), ErrorReason::kIllegalState);
  }
}

TEST(Adopt, SettlesTheOnlyUnsettledAttempt) {
  SampleRecord r = Unknown();
  r.Resolve(AdoptTask{.task_id = TaskId("found")});
  EXPECT_EQ(r.s.state, kSubmitted);
  EXPECT_EQ(r.s.task_id, TaskId("found"));
  EXPECT_EQ(r.attempt(1).outcome, AttemptOutcome::kAccepted);
  EXPECT_EQ(r.attempt(1).task_ids, std::vector<TaskId>{TaskId("found")});
  EXPECT_EQ(r.Charges(), "1..1");
  EXPECT_EQ(r.events.back().actor, "ops");
  EXPECT_EQ(r.events.back().note, "ticket 7");
}

TEST(Adopt, OfAnAbandonedSubmissionTakesTheHashOnlyIfItIsFree) {
  for (const bool free : {true, false}) {
    SampleRecord r = Abandoned();
    r.hash_is_free = free;
    r.Resolve(AdoptTask{.task_id = TaskId("found")});
    EXPECT_EQ(r.s.state, kSubmitted);
    EXPECT_EQ(r.s.holds_hash, free);
  }
}

TEST(Adopt, NeedsToBeToldWhichOfTwoAttempts) {
  SampleRecord r = TwiceUnknown();
  EXPECT_EQ(ReasonOf(TryResolve(r, AdoptTask{.task_id = TaskId("x")})), ErrorReason::kFieldInvalid);
  EXPECT_EQ(ReasonOf(TryResolve(r, AdoptTask{.task_id = TaskId("x"), .attempt = 3})),
            ErrorReason::kFieldInvalid);
  r.Resolve(AdoptTask{.task_id = TaskId("x"), .attempt = 2});
  EXPECT_EQ(r.attempt(2).outcome, AttemptOutcome::kAccepted);
  EXPECT_EQ(r.attempt(1).outcome, AttemptOutcome::kAmbiguous);
  EXPECT_EQ(r.Charges(), "1..2");
}

TEST(Adopt, OfASettledAttemptIsRefused) {
  SampleRecord r(AmbiguityPolicy::kResubmitOnce);
  r.Claim().Ambiguous().ResubmitOnce().End(SampleResult(AttemptClass::kRefused));
  EXPECT_EQ(ReasonOf(TryResolve(r, AdoptTask{.task_id = TaskId("x"), .attempt = 2})),
            ErrorReason::kFieldInvalid);
}

TEST(Declare, TakesOffEveryUnsettledAttemptAndFailsReopenably) {
  SampleRecord r = TwiceUnknown();
  ASSERT_EQ(r.Charges(), "0..2");
  r.Resolve(DeclareNotAccepted{});
  EXPECT_EQ(r.s.state, kFailed);
  EXPECT_FALSE(r.s.holds_hash);
  EXPECT_EQ(r.Charges(), "0..0");
  EXPECT_EQ(r.s.upstream_posts_sent, 2);
  EXPECT_EQ(r.s.failure->reason, ErrorReason::kUpstreamUnavailable);
  EXPECT_TRUE(r.s.failure->retryable);
  EXPECT_EQ(r.s.failure->reopen_time, r.now + absl::Seconds(30));
  EXPECT_EQ(r.attempt(1).outcome, AttemptOutcome::kDeclaredNotAccepted);
  EXPECT_EQ(r.attempt(2).outcome, AttemptOutcome::kDeclaredNotAccepted);
}

TEST(Declare, EndsACancelThatWasRequested) {
  SampleRecord r = Unknown();
  r.Cancel();
  r.Resolve(DeclareNotAccepted{});
  EXPECT_EQ(r.s.state, kCancelled);
  EXPECT_FALSE(r.s.holds_hash);
}

TEST(Resolve, AbandonKeepsTheChargeAndReleasesTheHash) {
  SampleRecord r = Abandoned();
  EXPECT_EQ(r.s.state, kAbandoned);
  EXPECT_FALSE(r.s.holds_hash);
  EXPECT_EQ(r.s.dedupe_expire_time, r.now + r.s.dedupe_window);
  EXPECT_EQ(r.Charges(), "0..1");
}

TEST(Resolve, IsIllegalInEveryOtherState) {
  SampleRecord pending;
  SampleRecord dispatching;
  dispatching.Claim();
  SampleRecord submitted = Submitted();
  SampleRecord failed = FailedRecord();
  SampleRecord abandoned = Abandoned();
  SampleRecord cancelled = Cancelled();
  for (SampleRecord* r : {&pending, &dispatching, &submitted, &failed, &abandoned, &cancelled}) {
    SCOPED_TRACE(std::string(SubmissionStateName(r->s.state)));
    if (r != &abandoned) {
      EXPECT_EQ(ReasonOf(TryResolve(*r, AdoptTask{.task_id = TaskId("x")})),
                ErrorReason::kIllegalState);
    }
    EXPECT_EQ(ReasonOf(TryResolve(*r, DeclareNotAccepted{})), ErrorReason::kIllegalState);
    EXPECT_EQ(ReasonOf(TryResolve(*r, Abandon{})), ErrorReason::kIllegalState);
  }
}

TEST(RetryRun, ReopensWhatFailedOrWasCancelledAtOnce) {
  SampleRecord failed = FailedRecord();
  SampleRecord cancelled = Cancelled();
  for (SampleRecord* r : {&failed, &cancelled}) {
    ASSERT_TRUE(r->Apply(RetryRun{.actor = "ops", .note = "again"}).ok());
    EXPECT_EQ(r->s.state, kPending);
    EXPECT_EQ(r->s.run, 2);
    EXPECT_TRUE(r->s.holds_hash);
    EXPECT_EQ(r->s.submit_deadline_time, r->now + absl::Minutes(15));
    EXPECT_EQ(r->s.cancel_request_time, absl::InfinitePast());
    EXPECT_EQ(r->events.back().note, "again");
  }
}

// The answer that forbade it was about a key of the old run; the new one has its own.
TEST(RetryRun, ANewRunMayBePostedAgainWhateverForbadeItInTheOldOne) {
  SampleRecord r;
  AttemptResult refused = SampleResult(AttemptClass::kRefused);
  refused.never_repost = true;
  r.Claim().End(refused);
  ASSERT_EQ(r.s.state, kFailed);
  ASSERT_TRUE(r.s.never_repost);
  ASSERT_TRUE(r.Apply(RetryRun{.actor = "ops"}).ok());
  EXPECT_FALSE(r.s.never_repost);
}

TEST(RetryRun, IsIllegalElsewhereAndWhileAnotherHoldsTheContent) {
  SampleRecord held = FailedRecord();
  held.hash_is_free = false;
  EXPECT_EQ(ReasonOf(held.Apply(RetryRun{})), ErrorReason::kIllegalState);
  SampleRecord superseded = FailedRecord();
  superseded.s.superseded_by = SubmissionId("sub_other");
  EXPECT_EQ(ReasonOf(superseded.Apply(RetryRun{})), ErrorReason::kIllegalState);
  SampleRecord pending;
  SampleRecord unknown = Unknown();
  SampleRecord submitted = Submitted();
  SampleRecord abandoned = Abandoned();
  for (SampleRecord* r : {&pending, &unknown, &submitted, &abandoned}) {
    EXPECT_EQ(ReasonOf(r->Apply(RetryRun{})), ErrorReason::kIllegalState);
  }
}

}  // namespace
}  // namespace genledger
