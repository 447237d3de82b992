#include "service/domain/transitions.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "service/base/error_details.h"
#include "service/domain/settlement.h"
#include "tests/service/domain/sample_submissions.h"

namespace genledger {
namespace {

using enum SubmissionState;

const absl::Time kLater = kSampleTime + absl::Seconds(7);

absl::StatusOr<Change> Finish(const Change& claimed, AttemptResult result,
                              std::optional<absl::Time> retry_time = std::nullopt) {
  FinishAttempt finish = FinishOf(claimed, std::move(result));
  finish.retry_time = retry_time;
  return ApplyTransition(claimed.submission, claimed.attempts, false, finish, kLater);
}

// A submission that is DISPATCHING, changed by `edit` in ways that are not built yet.
template <typename Edit>
Change ClaimedAnd(Edit edit) {
  Change claimed = Claimed(SamplePending("r1"));
  edit(claimed.submission);
  return claimed;
}

TEST(CreateSubmission, IsPendingAndDueAtOnceAndHoldsItsHash) {
  const Change created = CreateSubmission(SampleRequest("r1"), kSampleTime);
  const Submission& s = created.submission;
  EXPECT_EQ(s.state, kPending);
  EXPECT_EQ(s.revision, 1);
  EXPECT_EQ(s.run, 1);
  EXPECT_TRUE(s.holds_hash);
  EXPECT_EQ(s.next_attempt_time, kSampleTime);
  EXPECT_EQ(s.submit_deadline_time, kSampleTime + absl::Minutes(15));
  EXPECT_EQ(s.request_id_count, 1);
  EXPECT_FALSE(s.anonymous_caller);
  EXPECT_EQ(s.charges_max, 0);
  ASSERT_EQ(created.events.size(), 1U);
  EXPECT_EQ(created.events[0].type, "created");
  EXPECT_EQ(created.events[0].actor, "worker-7");
}

TEST(CreateSubmission, WithoutRequestIdRemembersAnAnonymousCaller) {
  const Submission s = SamplePending();
  EXPECT_TRUE(s.anonymous_caller);
  EXPECT_EQ(s.request_id_count, 0);
}

TEST(CreateSubmission, RequestIdOnlyHoldsNoHash) {
  NewSubmission request = SampleRequest("r1");
  request.dedupe_mode = DedupeMode::kRequestIdOnly;
  EXPECT_FALSE(CreateSubmission(request, kSampleTime).submission.holds_hash);
}

TEST(ClaimSubmission, CommitsTheAttemptAndItsChargeBeforeAnythingIsSent) {
  const Change claimed = Claimed(SamplePending("r1"));
  const Submission& s = claimed.submission;
  EXPECT_EQ(s.state, kDispatching);
  EXPECT_EQ(s.upstream_posts_sent, 1);
  EXPECT_EQ(s.charges_min, 0);
  EXPECT_EQ(s.charges_max, 1);
  EXPECT_EQ(s.epoch, 1);
  EXPECT_EQ(s.lease_owner, "ledger-0");
  EXPECT_EQ(s.lease_expire_time, kSampleTime + absl::Seconds(90));
  EXPECT_EQ(s.next_attempt_time, absl::InfinitePast());
  ASSERT_EQ(claimed.attempts.size(), 1U);
  EXPECT_EQ(claimed.attempts.back().number, 1);
  EXPECT_EQ(claimed.attempts.back().outcome, AttemptOutcome::kInFlight);
  EXPECT_EQ(claimed.attempts.back().idempotency_key, s.id.value() + "-1");
  EXPECT_EQ(claimed.attempts.back().epoch, 1);
}

TEST(ClaimSubmission, SendsNoKeyWhereNoneIsWanted) {
  Claim claim = SampleClaim();
  claim.send_idempotency_key = false;
  EXPECT_EQ(ClaimSubmission(SamplePending(), claim, kSampleTime)->attempts.back().idempotency_key,
            "");
}

TEST(ClaimSubmission, RefusesEveryStateButPending) {
  for (const SubmissionState state :
       {kDispatching, kSubmitted, kFailed, kOutcomeUnknown, kCancelled, kAbandoned}) {
    Submission s = SamplePending();
    s.state = state;
    const absl::Status status = ClaimSubmission(s, SampleClaim(), kSampleTime).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << SubmissionStateName(state);
    EXPECT_EQ(GetErrorDetails(status)->reason, ErrorReason::kIllegalState);
  }
}

TEST(FinishAttempt, AcceptedIsSubmittedWithTheFirstIdAndKeepsAllIds) {
  AttemptResult result = SampleAccepted("t1");
  result.task_ids.emplace_back("t2");
  const absl::StatusOr<Change> change = Finish(Claimed(SamplePending()), result);
  ASSERT_TRUE(change.ok());
  const Submission& s = change->submission;
  EXPECT_EQ(s.state, kSubmitted);
  EXPECT_EQ(s.task_id, TaskId("t1"));
  EXPECT_EQ(s.submit_time, kLater);
  EXPECT_EQ(s.dedupe_expire_time, kLater + absl::Hours(24));
  EXPECT_TRUE(s.holds_hash);
  EXPECT_EQ(s.lease_owner, "");
  EXPECT_FALSE(s.failure.has_value());
  EXPECT_EQ(change->attempts.back().task_ids.size(), 2U);
  EXPECT_EQ(change->events[0].type, "accepted");
  EXPECT_EQ(change->events[0].task_id, TaskId("t1"));
}

struct ChargesCase {
  const char* name;
  AttemptResult result;
  SubmissionState state;
  AttemptOutcome outcome;
  int posts, charges_min, charges_max, counted;
  bool holds_hash;
};

std::vector<ChargesCase> ChargesCases() {
  AttemptResult rate_limited = SampleResult(AttemptClass::kRefusedTransient);
  rate_limited.counts_against_posts = false;
  return {
      {"accepted", SampleAccepted("t"), kSubmitted, AttemptOutcome::kAccepted, 1, 1, 1, 1, true},
      {"not sent", SampleResult(AttemptClass::kNotSent), kFailed, AttemptOutcome::kNotSent, 0, 0, 0,
       0, false},
      {"refused", SampleResult(AttemptClass::kRefused), kFailed, AttemptOutcome::kRefused, 1, 0, 0,
       1, false},
      {"account", SampleResult(AttemptClass::kRefusedAccount), kFailed, AttemptOutcome::kRefused, 1,
       0, 0, 1, false},
      {"transient", SampleResult(AttemptClass::kRefusedTransient), kFailed,
       AttemptOutcome::kRefusedTransient, 1, 0, 0, 1, false},
      {"429", rate_limited, kFailed, AttemptOutcome::kRefusedTransient, 1, 0, 0, 0, false},
      // It may have been charged all the same.
      {"trusted envelope", SampleTrustedEnvelope(), kFailed, AttemptOutcome::kRefusedTransient, 1,
       0, 1, 1, false},
      {"ambiguous", SampleResult(AttemptClass::kAmbiguous), kOutcomeUnknown,
       AttemptOutcome::kAmbiguous, 1, 0, 1, 1, true},
      {"in progress, no room", SampleResult(AttemptClass::kInProgress), kOutcomeUnknown,
       AttemptOutcome::kAmbiguous, 1, 0, 1, 1, true},
  };
}

TEST(FinishAttempt, ChargesStateAndHashAreExactForEveryClass) {
  for (const ChargesCase& c : ChargesCases()) {
    SCOPED_TRACE(c.name);
    const absl::StatusOr<Change> change = Finish(Claimed(SamplePending()), c.result);
    ASSERT_TRUE(change.ok());
    const Submission& s = change->submission;
    EXPECT_EQ(s.state, c.state);
    EXPECT_EQ(change->attempts.back().outcome, c.outcome);
    EXPECT_EQ(s.upstream_posts_sent, c.posts);
    EXPECT_EQ(s.charges_min, c.charges_min);
    EXPECT_EQ(s.charges_max, c.charges_max);
    EXPECT_EQ(s.run_counted_posts, c.counted);
    EXPECT_EQ(s.holds_hash, c.holds_hash);
    EXPECT_EQ(s.lease_expire_time, absl::InfinitePast());
    EXPECT_EQ(change->attempts.back().end_time, kLater);
  }
}

TEST(FinishAttempt, RefusedForNowWithARetryTimeGoesBackToPending) {
  for (const AttemptClass outcome : {AttemptClass::kNotSent, AttemptClass::kRefusedTransient}) {
    const absl::Time retry = kLater + absl::Seconds(3);
    const absl::StatusOr<Change> change =
        Finish(Claimed(SamplePending()), SampleResult(outcome), retry);
    ASSERT_TRUE(change.ok());
    EXPECT_EQ(change->submission.state, kPending);
    EXPECT_EQ(change->submission.next_attempt_time, retry);
    EXPECT_TRUE(change->submission.holds_hash);
    EXPECT_EQ(change->submission.failure->reason, ErrorReason::kUpstreamUnavailable);
    EXPECT_EQ(change->events[0].type, "retry_scheduled");
  }
}

TEST(FinishAttempt, RefusedForGoodNeverRetriesWhateverTheDispatcherSays) {
  const absl::StatusOr<Change> change =
      Finish(Claimed(SamplePending()), SampleResult(AttemptClass::kRefused), kLater);
  EXPECT_EQ(change->submission.state, kFailed);
}

TEST(FinishAttempt, AnUnsettledEarlierAttemptKeepsTheOutcomeUnknown) {
  for (const AttemptClass outcome :
       {AttemptClass::kNotSent, AttemptClass::kRefused, AttemptClass::kRefusedTransient,
        AttemptClass::kRefusedAccount}) {
    Change claimed = ClaimedAnd([](Submission& s) {
      s.unsettled_attempts = 1;
      s.cancel_request_time = kSampleTime;
      s.attempt_count = 2;
    });
    Attempt earlier = claimed.attempts.back();
    earlier.outcome = AttemptOutcome::kAmbiguous;
    claimed.attempts.back().number = 2;
    claimed.attempts.insert(claimed.attempts.begin(), earlier);
    const absl::StatusOr<Change> change = Finish(claimed, SampleResult(outcome), kLater);
    EXPECT_EQ(change->submission.state, kOutcomeUnknown);
    EXPECT_TRUE(change->submission.holds_hash);
  }
}

TEST(FinishAttempt, ACancelThatWasRequestedEndsWhatWasNotAccepted) {
  for (const AttemptClass outcome :
       {AttemptClass::kNotSent, AttemptClass::kRefused, AttemptClass::kRefusedTransient}) {
    const Change claimed = ClaimedAnd([](Submission& s) { s.cancel_request_time = kSampleTime; });
    const absl::StatusOr<Change> change = Finish(claimed, SampleResult(outcome), kLater);
    EXPECT_EQ(change->submission.state, kCancelled);
    EXPECT_FALSE(change->submission.holds_hash);
    EXPECT_EQ(change->events[0].type, "cancelled");
  }
}

TEST(FinishAttempt, ACancelThatWasRequestedChangesNothingAboutAnAcceptance) {
  const Change claimed = ClaimedAnd([](Submission& s) { s.cancel_request_time = kSampleTime; });
  const absl::StatusOr<Change> change = Finish(claimed, SampleAccepted("t"));
  EXPECT_EQ(change->submission.state, kSubmitted);
  EXPECT_EQ(change->submission.cancel_request_time, absl::InfinitePast());
}

TEST(FinishAttempt, AnEarlierProvenAcceptanceMakesItSubmittedHoweverThisOneEnds) {
  for (const AttemptClass outcome : {AttemptClass::kNotSent, AttemptClass::kRefused,
                                     AttemptClass::kRefusedTransient, AttemptClass::kAmbiguous}) {
    const Change claimed = ClaimedAnd([](Submission& s) {
      s.task_id = TaskId("early");
      s.charges_min = 1;
    });
    const absl::StatusOr<Change> change = Finish(claimed, SampleResult(outcome), kLater);
    EXPECT_EQ(change->submission.state, kSubmitted);
    EXPECT_EQ(change->submission.task_id, TaskId("early"));
    EXPECT_EQ(change->submission.submit_time, kLater);
  }
}

TEST(FinishAttempt, ASecondAcceptanceKeepsTheFirstIdAndCountsBoth) {
  const Change claimed = ClaimedAnd([](Submission& s) {
    s.task_id = TaskId("early");
    s.charges_min = 1;
    s.charges_max = 2;
  });
  const absl::StatusOr<Change> change = Finish(claimed, SampleAccepted("late"));
  EXPECT_EQ(change->submission.task_id, TaskId("early"));
  EXPECT_EQ(change->submission.charges_min, 2);
  EXPECT_EQ(change->attempts.back().task_ids.front(), TaskId("late"));
}

TEST(FinishAttempt, FencesOffAnotherEpochAnotherAttemptAndAnotherState) {
  const Change claimed = Claimed(SamplePending());
  FinishAttempt old_epoch = FinishOf(claimed, SampleAccepted("t"));
  old_epoch.epoch -= 1;
  FinishAttempt old_attempt = FinishOf(claimed, SampleAccepted("t"));
  old_attempt.attempt -= 1;
  for (const FinishAttempt& finish : {old_epoch, old_attempt}) {
    EXPECT_TRUE(absl::IsAborted(
        ApplyTransition(claimed.submission, claimed.attempts, false, finish, kLater).status()));
  }
  const absl::StatusOr<Change> done = Finish(claimed, SampleAccepted("t"));
  EXPECT_TRUE(absl::IsAborted(ApplyTransition(done->submission, done->attempts, false,
                                              FinishOf(claimed, SampleAccepted("t")), kLater)
                                  .status()));
}

TEST(FinishAttempt, KeepsWhatTheUpstreamSaid) {
  AttemptResult result = SampleResult(AttemptClass::kRefused, ErrorReason::kUpstreamForbidden);
  result.http_status = 403;
  result.upstream_request_id = "req-9";
  const absl::StatusOr<Change> change = Finish(Claimed(SamplePending()), result);
  EXPECT_EQ(change->attempts.back().http_status, 403);
  EXPECT_EQ(change->attempts.back().upstream_code, "some_code");
  EXPECT_EQ(change->attempts.back().upstream_message, "some words");
  EXPECT_EQ(change->attempts.back().upstream_request_id, "req-9");
  EXPECT_EQ(change->submission.failure->reason, ErrorReason::kUpstreamForbidden);
  EXPECT_EQ(change->submission.failure->message, "some words");
  EXPECT_FALSE(change->submission.failure->retryable);
  EXPECT_EQ(change->events[0].reason, ErrorReason::kUpstreamForbidden);
}

TEST(ResendAttempt, CountsAPostButNoChargeAndStaysTheSameAttempt) {
  const Change claimed = Claimed(SamplePending());
  const absl::StatusOr<Change> change =
      ApplyTransition(claimed.submission, claimed.attempts, false,
                      ResendAttempt{.attempt = 1, .epoch = 1, .actor = "ledger-0"}, kLater);
  ASSERT_TRUE(change.ok());
  EXPECT_EQ(change->submission.state, kDispatching);
  EXPECT_EQ(change->submission.upstream_posts_sent, 2);
  EXPECT_EQ(change->submission.charges_max, 1);
  EXPECT_EQ(change->submission.attempt_count, 1);
  EXPECT_EQ(change->events[0].type, "resent");
}

TEST(ResendAttempt, IsFenced) {
  const Change claimed = Claimed(SamplePending());
  EXPECT_TRUE(absl::IsAborted(ApplyTransition(claimed.submission, claimed.attempts, false,
                                              ResendAttempt{.attempt = 1, .epoch = 2}, kLater)
                                  .status()));
}

TEST(ExpireLease, LeavesTheOutcomeUnknownAndTheChargePossible) {
  const Change claimed = Claimed(SamplePending());
  const absl::StatusOr<Change> change =
      ApplyTransition(claimed.submission, claimed.attempts, false,
                      ExpireLease{.epoch = 1, .actor = "ledger-1"}, kLater);
  ASSERT_TRUE(change.ok());
  EXPECT_EQ(change->submission.state, kOutcomeUnknown);
  EXPECT_EQ(change->submission.unsettled_attempts, 1);
  EXPECT_EQ(change->submission.charges_max, 1);
  EXPECT_EQ(change->attempts.back().outcome, AttemptOutcome::kAmbiguous);
  EXPECT_EQ(change->attempts.back().upstream_code, "lease_expired");
  EXPECT_EQ(change->submission.failure->reason, ErrorReason::kUpstreamOutcomeUnknown);
}

TEST(ExpireLease, IsFenced) {
  const Change claimed = Claimed(SamplePending());
  EXPECT_TRUE(absl::IsAborted(
      ApplyTransition(claimed.submission, claimed.attempts, false, ExpireLease{.epoch = 2}, kLater)
          .status()));
}

TEST(ExpireSubmitWithin, WithoutAnAttemptFailsAsExpired) {
  const Submission s = SamplePending();
  const absl::StatusOr<Change> change =
      ApplyTransition(s, {}, false, ExpireSubmitWithin{"ledger-0"}, s.submit_deadline_time);
  ASSERT_TRUE(change.ok());
  EXPECT_EQ(change->submission.state, kFailed);
  EXPECT_EQ(change->submission.failure->reason, ErrorReason::kSubmitWithinExpired);
  EXPECT_TRUE(change->submission.failure->retryable);
  EXPECT_FALSE(change->submission.holds_hash);
  EXPECT_EQ(change->submission.next_attempt_time, absl::InfinitePast());
}

TEST(ExpireSubmitWithin, AfterARefusalFailsForThatReason) {
  const absl::StatusOr<Change> waiting =
      Finish(Claimed(SamplePending()),
             SampleResult(AttemptClass::kRefusedTransient, ErrorReason::kUpstreamRateLimited),
             kLater + absl::Seconds(1));
  const absl::StatusOr<Change> change =
      ApplyTransition(waiting->submission, waiting->attempts, false, ExpireSubmitWithin{"ledger-0"},
                      waiting->submission.submit_deadline_time);
  ASSERT_TRUE(change.ok());
  EXPECT_EQ(change->submission.failure->reason, ErrorReason::kUpstreamRateLimited);
}

TEST(ExpireSubmitWithin, IsRefusedBeforeTheDeadlineAndOutsidePending) {
  const Submission s = SamplePending();
  EXPECT_TRUE(absl::IsAborted(ApplyTransition(s, {}, false, ExpireSubmitWithin{},
                                              s.submit_deadline_time - absl::Microseconds(1))
                                  .status()));
  const Change claimed = Claimed(s);
  EXPECT_TRUE(absl::IsAborted(ApplyTransition(claimed.submission, claimed.attempts, false,
                                              ExpireSubmitWithin{}, s.submit_deadline_time)
                                  .status()));
}

TEST(ReopenSubmission, StartsANewRunWithFreshPostsAndKeepsTheCharges) {
  Submission failed = Ended(SamplePending("r1"), SampleTrustedEnvelope(), kSampleTime);
  ASSERT_EQ(failed.state, kFailed);
  const absl::StatusOr<Change> change =
      ReopenSubmission(failed, true, absl::Minutes(5), "worker-7", "", kLater);
  ASSERT_TRUE(change.ok());
  const Submission& s = change->submission;
  EXPECT_EQ(s.state, kPending);
  EXPECT_EQ(s.run, 2);
  EXPECT_EQ(s.run_counted_posts, 0);
  EXPECT_EQ(s.run_trusted_refusals, 0);
  EXPECT_EQ(s.run_attempts, 0);
  EXPECT_EQ(s.attempt_count, 1);
  EXPECT_EQ(s.upstream_posts_sent, 1);
  EXPECT_EQ(s.charges_max, 1);
  EXPECT_TRUE(s.holds_hash);
  EXPECT_FALSE(s.failure.has_value());
  EXPECT_EQ(s.next_attempt_time, kLater);
  EXPECT_EQ(s.submit_deadline_time, kLater + absl::Minutes(5));
  EXPECT_EQ(Claimed(s).attempts.back().idempotency_key, s.id.value() + "-2");
  EXPECT_EQ(Claimed(s).attempts.back().number, 2);
}

TEST(ReopenSubmission, TakesNoHashInModeRequestIdOnly) {
  Submission failed = Ended(SamplePending("r1"), SampleResult(AttemptClass::kRefused));
  failed.dedupe_mode = DedupeMode::kRequestIdOnly;
  EXPECT_FALSE(
      ReopenSubmission(failed, true, absl::Minutes(5), "", "", kLater)->submission.holds_hash);
}

TEST(ReopenSubmission, RefusesOtherStatesAndWhatWasSuperseded) {
  for (const SubmissionState state :
       {kPending, kDispatching, kSubmitted, kOutcomeUnknown, kAbandoned}) {
    Submission s = SamplePending();
    s.state = state;
    EXPECT_EQ(ReopenSubmission(s, true, absl::Minutes(5), "", "", kLater).status().code(),
              absl::StatusCode::kFailedPrecondition);
  }
  Submission superseded = Ended(SamplePending(), SampleResult(AttemptClass::kRefused));
  superseded.superseded_by = SubmissionId("sub_other");
  EXPECT_FALSE(ReopenSubmission(superseded, true, absl::Minutes(5), "", "", kLater).ok());
  Submission cancelled = SamplePending();
  cancelled.state = kCancelled;
  EXPECT_TRUE(ReopenSubmission(cancelled, true, absl::Minutes(5), "", "", kLater).ok());
}

TEST(ReopenDelay, DoublesFromThirtySecondsToTenMinutes) {
  EXPECT_EQ(ReopenDelay(0), absl::Seconds(30));
  EXPECT_EQ(ReopenDelay(1), absl::Seconds(60));
  EXPECT_EQ(ReopenDelay(4), absl::Seconds(480));
  EXPECT_EQ(ReopenDelay(5), absl::Minutes(10));
  EXPECT_EQ(ReopenDelay(1'000'000), absl::Minutes(10));
}

TEST(ReopenDelay, GrowsWithEveryFailedRun) {
  Submission s = SamplePending("r1");
  for (const absl::Duration wait :
       {absl::Seconds(30), absl::Seconds(60), absl::Seconds(120), absl::Seconds(240)}) {
    s = Ended(s, SampleResult(AttemptClass::kRefused), kLater);
    ASSERT_EQ(s.failure->reopen_time, kLater + wait);
    s = ReopenSubmission(s, true, absl::Minutes(5), "", "", kLater)->submission;
  }
}

TEST(Merge, InsertAndClaimAreOneChangeWithBothEvents) {
  Change created = CreateSubmission(SampleRequest("r1"), kSampleTime);
  Change claimed = Claimed(created.submission);
  const Change merged = Merge(std::move(created), std::move(claimed));
  ASSERT_EQ(merged.events.size(), 2U);
  EXPECT_EQ(merged.events[0].revision, 1);
  EXPECT_EQ(merged.events[1].revision, 2);
  EXPECT_EQ(merged.submission.revision, 2);
  EXPECT_EQ(merged.submission.state, kDispatching);
  EXPECT_EQ(merged.attempts.size(), 1U);
}

}  // namespace
}  // namespace genledger
