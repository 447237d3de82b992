// Ambiguous attempts from end to end: what the caller is told, what is posted, what is on record.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "service/base/error_details.h"
#include "service/base/errors.h"
#include "tests/service/dispatch/service_harness.h"
#include "tests/storage/store_calls.h"

namespace genledger {
namespace {

using enum SubmissionState;

constexpr AmbiguityRules kTrustedRules = {.trusted = true};

ErrorReason ReasonOf(const absl::Status& status) {
  const std::optional<ErrorDetails> details = GetErrorDetails(status);
  return details.has_value() ? details->reason : ErrorReason::kUnspecified;
}

SubmitInput InputWith(AmbiguityPolicy policy, std::string request_id = "r1") {
  SubmitInput input = InputOf("a cat", std::move(request_id));
  input.ambiguity_policy = policy;
  return input;
}

class AmbiguousTest : public ::testing::Test {
 protected:
  explicit AmbiguousTest(AmbiguityRules rules = {}) : h_(100, {}, rules) {}

  // Posted, and not answered yet.
  void Begin(AmbiguityPolicy policy) {
    call_ = h_.Submit(InputWith(policy));
    ASSERT_EQ(h_.upstream.posts(), 1U);
    start_ = h_.clock.Now();
  }
  Submission Only() {
    const absl::StatusOr<ListPage> page = CallList(*h_.memory, {.descending = false});
    EXPECT_EQ(page->submissions.size(), 1U);
    return page->submissions.at(0).submission;
  }
  std::vector<Attempt> Attempts() { return h_.Read(Only().id).attempts; }
  std::string Charges() {
    const Submission s = Only();
    return std::to_string(s.charges_min) + ".." + std::to_string(s.charges_max);
  }
  void ExpectSamePost(size_t number) {
    EXPECT_EQ(h_.upstream.request(number).body, h_.upstream.request(0).body);
    EXPECT_EQ(h_.upstream.request(number).idempotency_key, h_.upstream.request(0).idempotency_key);
    EXPECT_EQ(h_.upstream.request(number).api_key.Reveal(),
              h_.upstream.request(0).api_key.Reveal());
  }
  void ExpectNoPostFor(absl::Duration time) {
    const size_t posts = h_.upstream.posts();
    h_.timers.AdvanceBy(time);
    EXPECT_EQ(h_.upstream.posts(), posts);
  }

  ServiceHarness h_;
  Call<SubmitAnswer> call_;
  absl::Time start_;
};

class TrustedTest : public AmbiguousTest {
 protected:
  TrustedTest() : AmbiguousTest(kTrustedRules) {}

  // Lets time run until the re-post; false if there is none within 10 minutes.
  bool AdvanceToRepost() {
    const size_t posts = h_.upstream.posts();
    const absl::Time end = h_.clock.Now() + absl::Minutes(10);
    while (h_.upstream.posts() == posts && h_.timers.NextTime() <= end) {
      h_.timers.AdvanceTo(h_.timers.NextTime());
    }
    return h_.upstream.posts() > posts;
  }
};

TEST_F(AmbiguousTest, HoldTellsTheCallerAndPostsNothing) {
  Begin(AmbiguityPolicy::kHold);
  h_.upstream.AnswerLast(AmbiguousResult());
  ASSERT_TRUE(call_.answered());
  EXPECT_EQ(ReasonOf(call_.get().status()), ErrorReason::kUpstreamOutcomeUnknown);
  ExpectNoPostFor(absl::Hours(48));
  EXPECT_EQ(Only().state, kOutcomeUnknown);
  EXPECT_EQ(Charges(), "0..1");
  EXPECT_EQ(ReasonOf(h_.Submit(InputOf("a cat")).get().status()),
            ErrorReason::kUpstreamOutcomeUnknown);
}

TEST_F(AmbiguousTest, FailAbandonsTellsTheCallerAndNamesThePossibleDuplicate) {
  Begin(AmbiguityPolicy::kFail);
  h_.upstream.AnswerLast(AmbiguousResult());
  EXPECT_EQ(ReasonOf(call_.get().status()), ErrorReason::kSubmissionAbandoned);
  const Submission abandoned = Only();
  EXPECT_EQ(abandoned.state, kAbandoned);
  EXPECT_EQ(Charges(), "0..1");
  ExpectNoPostFor(absl::Hours(1));
  EXPECT_EQ(ReasonOf(h_.Submit(InputOf("a cat")).get().status()),
            ErrorReason::kSubmissionAbandoned);
  EXPECT_EQ(ReasonOf(h_.Submit(InputOf("a cat", "r1")).get().status()),
            ErrorReason::kSubmissionAbandoned);
  const auto fresh = h_.Submit(InputOf("a cat", "r2"));
  h_.upstream.AnswerLast(AcceptedAs("t"));
  EXPECT_EQ(fresh->submission->possible_duplicate_of, abandoned.id);
}

TEST_F(AmbiguousTest, ResubmitOncePostsAgainWhenTheAttemptMustHaveEnded) {
  Begin(AmbiguityPolicy::kResubmitOnce);
  h_.timers.AdvanceBy(absl::Seconds(60));
  h_.upstream.AnswerLast(AmbiguousResult());
  h_.timers.AdvanceTo(start_ + absl::Seconds(150) - absl::Microseconds(1));
  EXPECT_EQ(h_.upstream.posts(), 1U);
  h_.timers.AdvanceTo(start_ + absl::Seconds(150));
  ASSERT_EQ(h_.upstream.posts(), 2U);
  ExpectSamePost(1);
  EXPECT_EQ(Charges(), "0..2");
  h_.upstream.AnswerLast(AcceptedAs("t"));
  EXPECT_EQ(Only().state, kSubmitted);
  EXPECT_EQ(Charges(), "1..2");
  EXPECT_EQ(Only().upstream_posts_sent, 2);
}

TEST_F(AmbiguousTest, ResubmitOnceIsOnce) {
  Begin(AmbiguityPolicy::kResubmitOnce);
  h_.upstream.AnswerLast(AmbiguousResult());
  h_.timers.AdvanceBy(absl::Minutes(3));
  ASSERT_EQ(h_.upstream.posts(), 2U);
  h_.upstream.AnswerLast(AmbiguousResult());
  ExpectNoPostFor(absl::Hours(48));
  EXPECT_EQ(Only().state, kOutcomeUnknown);
  EXPECT_EQ(Charges(), "0..2");
}

TEST_F(AmbiguousTest, ResubmitOnceThatWasRateLimitedIsTriedAgain) {
  Begin(AmbiguityPolicy::kResubmitOnce);
  h_.upstream.AnswerLast(AmbiguousResult());
  h_.timers.AdvanceBy(absl::Minutes(3));
  AttemptResult limited = RateLimited();
  limited.retry_after = absl::Seconds(40);
  h_.upstream.AnswerLast(limited);
  EXPECT_EQ(Only().state, kOutcomeUnknown);
  EXPECT_EQ(Charges(), "0..1");
  ExpectNoPostFor(absl::Seconds(39));
  h_.timers.AdvanceBy(absl::Seconds(10));
  ASSERT_EQ(h_.upstream.posts(), 3U);
  h_.upstream.AnswerLast(AcceptedAs("t"));
  EXPECT_EQ(Charges(), "1..2");
}

TEST_F(AmbiguousTest, AJoinerWithAStricterPolicyIsHeardAtOnce) {
  Begin(AmbiguityPolicy::kResubmitOnce);
  h_.upstream.AnswerLast(AmbiguousResult());
  h_.Submit(InputWith(AmbiguityPolicy::kFail, "r2"));
  h_.timers.RunDue();
  EXPECT_EQ(Only().state, kAbandoned);
  ExpectNoPostFor(absl::Hours(1));
}

TEST_F(AmbiguousTest, ARepeatThatWithdrawsACancelLetsThePolicyGoOn) {
  Begin(AmbiguityPolicy::kResubmitOnce);
  const auto cancelled = CallCancel(*h_.memory, {.key = Only().id, .actor = "worker"});
  EXPECT_EQ(cancelled->outcome, CancelOutcome::kCancelRequested);
  h_.upstream.AnswerLast(AmbiguousResult());
  ExpectNoPostFor(absl::Minutes(10));
  h_.Submit(InputOf("a cat", "r1"));
  h_.timers.RunDue();
  EXPECT_EQ(h_.upstream.posts(), 2U);
}

TEST_F(TrustedTest, PostsTheSameThreeTimesAfterTheBackOffAndThenHolds) {
  Begin(AmbiguityPolicy::kHold);
  for (int repost = 1; repost <= 3; ++repost) {
    h_.upstream.AnswerLast(AmbiguousResult());
    const Submission waiting = Only();
    ASSERT_EQ(waiting.state, kOutcomeUnknown);
    ASSERT_TRUE(AdvanceToRepost());
    EXPECT_GE(h_.clock.Now(), waiting.next_attempt_time);
    ExpectSamePost(repost);
  }
  h_.upstream.AnswerLast(AmbiguousResult());
  ExpectNoPostFor(absl::Hours(48));
  EXPECT_EQ(Only().state, kOutcomeUnknown);
  EXPECT_EQ(Charges(), "0..4");
}

TEST_F(TrustedTest, ComesBeforeFail) {
  Begin(AmbiguityPolicy::kFail);
  h_.upstream.AnswerLast(AmbiguousResult());
  ASSERT_TRUE(AdvanceToRepost());
  h_.upstream.AnswerLast(AcceptedAs("t"));
  EXPECT_EQ(Only().state, kSubmitted);
  EXPECT_EQ(Only().task_id, TaskId("t"));
}

TEST_F(TrustedTest, NeverUsesAnotherKey) {
  Begin(AmbiguityPolicy::kFail);
  h_.upstream.AnswerLast(AmbiguousResult());
  h_.upstream.SetKeys({Secret("sk-second")});
  EXPECT_FALSE(AdvanceToRepost());
  EXPECT_EQ(Only().state, kAbandoned);
}

TEST_F(TrustedTest, EndsAtOnceWhenTheUpstreamCannotTell) {
  Begin(AmbiguityPolicy::kResubmitOnce);
  AttemptResult indeterminate = AmbiguousResult();
  indeterminate.never_repost = true;
  h_.upstream.AnswerLast(indeterminate);
  ExpectNoPostFor(absl::Hours(48));
  EXPECT_EQ(Only().state, kOutcomeUnknown);
}

TEST_F(AmbiguousTest, AnAmbiguousOutcomeThatTheStoreTakesLateStillGetsItsPolicy) {
  Begin(AmbiguityPolicy::kResubmitOnce);
  h_.state->FailNextWrites(5, errors::StoreUnavailable("down"));
  h_.upstream.AnswerLast(AmbiguousResult());
  EXPECT_EQ(Only().state, kDispatching);
  h_.timers.AdvanceBy(absl::Seconds(5));
  EXPECT_EQ(Only().state, kOutcomeUnknown);
  h_.timers.AdvanceTo(start_ + absl::Seconds(150));
  EXPECT_EQ(h_.upstream.posts(), 2U);
}

TEST_F(AmbiguousTest, AnAbandonmentWhoseCommitWasInDoubtReachesTheCaller) {
  Begin(AmbiguityPolicy::kFail);
  h_.state->FailNextWrites(1, errors::StoreUnavailable("in doubt"), /*after_commit=*/true);
  h_.upstream.AnswerLast(AmbiguousResult());
  h_.timers.AdvanceBy(absl::Seconds(1));
  ASSERT_TRUE(call_.answered());
  EXPECT_EQ(ReasonOf(call_.get().status()), ErrorReason::kSubmissionAbandoned);
  EXPECT_EQ(Only().state, kAbandoned);
}

// Invariant 1: the attempt is on record, but its commit was in doubt, so nothing may be sent.
TEST_F(AmbiguousTest, ARepostWhoseCommitIsInDoubtIsNotSent) {
  Begin(AmbiguityPolicy::kResubmitOnce);
  h_.upstream.AnswerLast(AmbiguousResult());
  h_.timers.AdvanceTo(start_ + absl::Seconds(149));
  h_.state->FailNextWrites(1, errors::StoreUnavailable("in doubt"), /*after_commit=*/true);
  h_.timers.AdvanceTo(start_ + absl::Seconds(150));
  EXPECT_EQ(Only().state, kDispatching);
  EXPECT_EQ(h_.upstream.posts(), 1U);
  ExpectNoPostFor(absl::Hours(1));
  EXPECT_EQ(Only().state, kOutcomeUnknown);
  EXPECT_EQ(Attempts().at(1).upstream_code, "lease_expired");
}

TEST_F(AmbiguousTest, AnAttemptThatIsNeverAnsweredEndsWithItsLeaseAndALateAnswerIsKept) {
  Begin(AmbiguityPolicy::kHold);
  h_.timers.AdvanceTo(start_ + absl::Seconds(90));
  EXPECT_EQ(Only().state, kOutcomeUnknown);
  EXPECT_EQ(ReasonOf(h_.Submit(InputOf("a cat", "r1")).get().status()),
            ErrorReason::kUpstreamOutcomeUnknown);
  h_.upstream.AnswerLast(AcceptedAs("t"));
  EXPECT_EQ(Only().state, kSubmitted);
  EXPECT_EQ(Charges(), "1..1");
  EXPECT_EQ(h_.dispatcher.in_flight(), 0);
  EXPECT_EQ(h_.Submit(InputOf("a cat", "r1"))->submission->task_id, TaskId("t"));
}

TEST_F(AmbiguousTest, ALateRefusalForNowIsRetried) {
  Begin(AmbiguityPolicy::kHold);
  h_.timers.AdvanceTo(start_ + absl::Seconds(90));
  h_.upstream.AnswerLast(RateLimited());
  EXPECT_EQ(Only().state, kPending);
  h_.timers.AdvanceBy(absl::Minutes(1));
  ASSERT_EQ(h_.upstream.posts(), 2U);
  EXPECT_EQ(Charges(), "0..1");
}

// The store takes everything but outcomes: the lease of the flight ends meanwhile, and the
// acceptance is recorded as soon as it can be.
TEST_F(AmbiguousTest, AnAcceptanceThatCannotBeStoredOutlivesItsLease) {
  for (const AmbiguityPolicy policy : {AmbiguityPolicy::kHold, AmbiguityPolicy::kFail}) {
    ServiceHarness h;
    const auto call = h.Submit(InputWith(policy));
    const absl::Time start = h.clock.Now();
    h.store.FailApplies(true);
    h.upstream.AnswerLast(AcceptedAs("t"));
    EXPECT_EQ(h.dispatcher.in_flight(), 1);
    h.timers.AdvanceTo(start + absl::Seconds(90));
    ASSERT_TRUE(call.answered());
    const SubmissionId id =
        CallList(*h.memory, {.descending = false})->submissions.at(0).submission.id;
    EXPECT_EQ(h.Record(id).state, policy == AmbiguityPolicy::kHold ? kOutcomeUnknown : kAbandoned);
    h.store.FailApplies(false);
    h.timers.AdvanceBy(absl::Seconds(5));
    EXPECT_EQ(h.Record(id).state, kSubmitted);
    EXPECT_EQ(h.Record(id).task_id, TaskId("t"));
    EXPECT_EQ(h.Record(id).charges_max, 1);
    EXPECT_EQ(h.dispatcher.in_flight(), 0);
    EXPECT_EQ(h.upstream.posts(), 1U);
  }
}

// Who knows that it was accepted does not let a policy pay for it again.
TEST_F(AmbiguousTest, NothingIsPostedAgainWhileAnOutcomeWaitsForTheStore) {
  Begin(AmbiguityPolicy::kResubmitOnce);
  h_.store.FailApplies(true);
  h_.upstream.AnswerLast(AcceptedAs("t"));
  h_.timers.AdvanceTo(start_ + absl::Minutes(20));
  EXPECT_EQ(h_.upstream.posts(), 1U);
  h_.store.FailApplies(false);
  h_.timers.AdvanceBy(absl::Seconds(5));
  EXPECT_EQ(Only().state, kSubmitted);
  EXPECT_EQ(Only().task_id, TaskId("t"));
  EXPECT_EQ(h_.upstream.posts(), 1U);
  h_.timers.AdvanceBy(absl::Minutes(20));
  EXPECT_EQ(h_.upstream.posts(), 1U);
  EXPECT_EQ(Only().charges_min, 1);
  EXPECT_EQ(h_.dispatcher.in_flight(), 0);
}

// A right that was revoked or a table that was renamed is put right without a restart.
TEST_F(AmbiguousTest, NothingIsPostedAgainWhileTheStoreIsBroken) {
  Begin(AmbiguityPolicy::kResubmitOnce);
  h_.store.BreakApplies(true);
  h_.upstream.AnswerLast(AcceptedAs("t"));
  EXPECT_EQ(h_.journal->pending_count(), 1);
  h_.timers.AdvanceTo(start_ + absl::Minutes(20));
  EXPECT_EQ(h_.upstream.posts(), 1U);
  h_.store.BreakApplies(false);
  h_.timers.AdvanceBy(absl::Seconds(5));
  EXPECT_EQ(Only().state, kSubmitted);
  EXPECT_EQ(Only().task_id, TaskId("t"));
  EXPECT_EQ(h_.journal->pending_count(), 0);
  EXPECT_EQ(h_.dispatcher.in_flight(), 0);
}

}  // namespace
}  // namespace genledger
