#include "service/dispatch/dispatcher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "service/base/errors.h"
#include "service/upstream/wire_codec.h"
#include "tests/service/dispatch/dispatch_harness.h"
#include "tests/storage/store_calls.h"
#include "tests/storage/store_requests.h"

namespace genledger {
namespace {

using enum SubmissionState;

class DispatcherTest : public ::testing::Test {
 protected:
  explicit DispatcherTest(int32_t concurrency_max = 100) : h_(concurrency_max) {
    h_.dispatcher.Start();
  }

  // Like the SubmissionService: claimed at once if there is a slot, else PENDING.
  SubmissionId Submit(absl::Duration submit_within = absl::Minutes(15)) {
    h_.clock.Advance(absl::Milliseconds(1));
    NewSubmission request = MakeRequest(h_.ids.Next(h_.clock.Now()), NextPrompt());
    request.submit_within = submit_within;
    const SubmissionId id = request.id;
    std::optional<Dispatcher::Slot> slot = h_.dispatcher.Reserve().slot;
    SubmitCommand command{.request = std::move(request)};
    if (slot.has_value()) {
      command.claim = h_.dispatcher.MakeClaim(*slot);
    }
    absl::StatusOr<SubmitOutcome> outcome = CallSubmit(h_.store, std::move(command));
    EXPECT_TRUE(outcome.ok());
    if (slot.has_value()) {
      h_.dispatcher.Launch(outcome->submission, *outcome->started_attempt, *std::move(slot));
    } else {
      h_.dispatcher.Wake();
    }
    return id;
  }
  std::string NextPrompt() { return "cat number " + std::to_string(++prompts_); }

  SubmissionState StateOf(const SubmissionId& id) { return h_.Record(id).state; }
  // Lets time run until the next retry has been posted, or 10 minutes have passed.
  bool AdvanceToNextPost() {
    const size_t before = h_.upstream.posts();
    const absl::Time end = h_.clock.Now() + absl::Minutes(10);
    while (h_.upstream.posts() == before && h_.timers.NextTime() <= end) {
      h_.timers.AdvanceTo(h_.timers.NextTime());
    }
    return h_.upstream.posts() > before;
  }
  // What a waiter was told; outlives the hub, which answers everybody at its end.
  std::optional<Submission> told_;
  DispatchHarness h_;
  int prompts_ = 0;
};

TEST_F(DispatcherTest, OneClaimIsOnePostOfTheCanonicalFormUnderTheAttemptsKey) {
  const SubmissionId id = Submit();
  ASSERT_EQ(h_.upstream.posts(), 1U);
  const PostRequest post = h_.upstream.request(0);
  const SubmissionWithAttempts sent = h_.Read(id);
  EXPECT_EQ(post.body, EncodeUpstreamRequest(sent.submission.spec));
  EXPECT_EQ(post.idempotency_key, id.value() + "-1");
  EXPECT_EQ(post.api_key.Reveal(), "sk-first");
  EXPECT_EQ(post.deadline, sent.attempts[0].start_time + absl::Seconds(60));
  EXPECT_EQ(post.start_by, sent.attempts[0].start_time + absl::Seconds(30));
  EXPECT_EQ(sent.attempts[0].credential_fingerprint, CredentialFingerprint(post.api_key));

  h_.upstream.Answer(0, AcceptedAs("task-1"));
  EXPECT_EQ(StateOf(id), kSubmitted);
  EXPECT_EQ(h_.Record(id).task_id, TaskId("task-1"));
  EXPECT_EQ(h_.dispatcher.in_flight(), 0);
  h_.timers.AdvanceBy(absl::Hours(1));
  EXPECT_EQ(h_.upstream.posts(), 1U);
}

TEST_F(DispatcherTest, RetriesAtNextAttemptTimeWithRetryAfterAsAFloor) {
  const SubmissionId id = Submit();
  AttemptResult refused = RateLimited();
  refused.retry_after = absl::Seconds(7);
  h_.upstream.AnswerLast(refused);
  const Submission waiting = h_.Record(id);
  ASSERT_EQ(waiting.state, kPending);
  EXPECT_GE(waiting.next_attempt_time, h_.clock.Now() + absl::Seconds(7));
  EXPECT_LE(waiting.next_attempt_time, h_.clock.Now() + absl::Seconds(8));
  h_.timers.AdvanceTo(waiting.next_attempt_time - absl::Microseconds(1));
  EXPECT_EQ(h_.upstream.posts(), 1U);
  h_.timers.AdvanceTo(waiting.next_attempt_time);
  EXPECT_EQ(h_.upstream.posts(), 2U);
  EXPECT_EQ(h_.upstream.request(1).body, h_.upstream.request(0).body);
  EXPECT_EQ(h_.upstream.request(1).idempotency_key, h_.upstream.request(0).idempotency_key);
}

TEST_F(DispatcherTest, FourCountedPostsAndItHasFailed) {
  const SubmissionId id = Submit();
  for (int post = 1; post < 4; ++post) {
    h_.upstream.AnswerLast(RefusedTransient());
    ASSERT_EQ(StateOf(id), kPending);
    ASSERT_TRUE(AdvanceToNextPost());
  }
  h_.upstream.AnswerLast(RefusedTransient());
  const Submission failed = h_.Record(id);
  EXPECT_EQ(failed.state, kFailed);
  EXPECT_EQ(failed.failure->reason, ErrorReason::kUpstreamUnavailable);
  EXPECT_EQ(failed.upstream_posts_sent, 4);
  EXPECT_EQ(failed.charges_max, 0);
  EXPECT_FALSE(AdvanceToNextPost());
}

TEST_F(DispatcherTest, RateLimitsAndWhatWasNotSentAreBoundedBySubmitWithinOnly) {
  for (const AttemptResult& result : {RateLimited(), NotSentResult()}) {
    const SubmissionId id = Submit();
    for (int post = 0; post < 12; ++post) {
      h_.upstream.AnswerLast(result);
      ASSERT_EQ(StateOf(id), kPending);
      ASSERT_TRUE(AdvanceToNextPost());
    }
    while (StateOf(id) != kFailed) {
      if (StateOf(id) == kDispatching) {
        h_.upstream.AnswerLast(result);
      }
      ASSERT_LE(h_.timers.NextTime(), h_.Record(id).submit_deadline_time);
      h_.timers.AdvanceTo(h_.timers.NextTime());
    }
    EXPECT_EQ(h_.Record(id).failure->reason, result.reason);
    EXPECT_EQ(h_.Record(id).charges_max, 0);
  }
}

TEST_F(DispatcherTest, ATrustedEnvelopeIsRetriedTwiceAtMost) {
  const SubmissionId id = Submit();
  for (int retry = 0; retry < 2; ++retry) {
    h_.upstream.AnswerLast(TrustedEnvelope());
    ASSERT_TRUE(AdvanceToNextPost());
  }
  h_.upstream.AnswerLast(TrustedEnvelope());
  EXPECT_EQ(StateOf(id), kFailed);
  EXPECT_EQ(h_.upstream.posts(), 3U);
  EXPECT_EQ(h_.Record(id).charges_max, 3);
}

TEST_F(DispatcherTest, AnAmbiguousAttemptIsNeverPostedAgain) {
  const SubmissionId id = Submit();
  h_.upstream.AnswerLast(AmbiguousResult());
  EXPECT_EQ(StateOf(id), kOutcomeUnknown);
  EXPECT_EQ(h_.logger.CountOf("outcome_unknown"), 1);
  EXPECT_FALSE(AdvanceToNextPost());
}

TEST_F(DispatcherTest, InProgressIsSentAgainAfterACommitAsTheSameAttempt) {
  const SubmissionId id = Submit();
  h_.upstream.AnswerLast(InProgress());
  EXPECT_EQ(StateOf(id), kDispatching);
  h_.timers.AdvanceBy(absl::Seconds(2) - absl::Milliseconds(1));
  EXPECT_EQ(h_.upstream.posts(), 1U);
  h_.timers.AdvanceBy(absl::Milliseconds(1));
  ASSERT_EQ(h_.upstream.posts(), 2U);
  EXPECT_EQ(h_.Record(id).upstream_posts_sent, 2);
  EXPECT_EQ(h_.Record(id).charges_max, 1);
  EXPECT_EQ(h_.upstream.request(1).body, h_.upstream.request(0).body);
  EXPECT_EQ(h_.upstream.request(1).idempotency_key, h_.upstream.request(0).idempotency_key);
  EXPECT_EQ(h_.upstream.request(1).deadline, h_.upstream.request(0).deadline);
  // Its first byte is out already: it may go on for as long as the attempt lasts.
  EXPECT_EQ(h_.upstream.request(1).start_by, h_.upstream.request(1).deadline);
  h_.upstream.AnswerLast(AcceptedAs("t"));
  EXPECT_EQ(StateOf(id), kSubmitted);
  EXPECT_EQ(h_.Read(id).attempts.size(), 1U);
}

TEST_F(DispatcherTest, InProgressWithoutRoomLeftIsUnknown) {
  const SubmissionId id = Submit();
  AttemptResult result = InProgress();
  result.retry_after = absl::Seconds(59.5);
  h_.upstream.AnswerLast(result);
  EXPECT_EQ(StateOf(id), kOutcomeUnknown);
  EXPECT_FALSE(AdvanceToNextPost());
}

TEST_F(DispatcherTest, InProgressForEverEndsWithTheAttempt) {
  const SubmissionId id = Submit();
  const absl::Time start = h_.clock.Now();
  while (StateOf(id) == kDispatching) {
    h_.upstream.AnswerLast(InProgress());
    h_.timers.AdvanceTo(std::min(h_.timers.NextTime(), start + absl::Minutes(10)));
  }
  EXPECT_EQ(StateOf(id), kOutcomeUnknown);
  EXPECT_LE(h_.upstream.posts(), 30U);
  EXPECT_EQ(h_.Record(id).upstream_posts_sent, static_cast<int>(h_.upstream.posts()));
}

TEST_F(DispatcherTest, AResendThatIsNotRecordedIsNotSent) {
  const SubmissionId id = Submit();
  h_.upstream.AnswerLast(InProgress());
  h_.state->FailNextWrites(1, errors::StoreUnavailable("down"));
  h_.timers.AdvanceBy(absl::Seconds(2));
  EXPECT_EQ(h_.upstream.posts(), 1U);
  EXPECT_EQ(StateOf(id), kOutcomeUnknown);
  EXPECT_EQ(h_.Record(id).charges_max, 1);
}

// What the re-send came to says nothing of the send that is in progress, unless it is about the
// content.
TEST_F(DispatcherTest, AfterInProgressOnlyAnAnswerAboutTheContentSettlesTheAttempt) {
  const std::vector<std::pair<AttemptResult, SubmissionState>> cases = {
      {NotSentResult(), kOutcomeUnknown},
      {RateLimited(), kOutcomeUnknown},
      {RefusedTransient(), kOutcomeUnknown},
      {TrustedEnvelope(), kOutcomeUnknown},
      {RefusedForGood(ErrorReason::kUpstreamMisconfigured), kOutcomeUnknown},
      {AmbiguousResult(), kOutcomeUnknown},
      {RefusedForGood(ErrorReason::kUpstreamRefusedRequest), kFailed},
      {AcceptedAs("t"), kSubmitted}};
  for (const auto& [result, state] : cases) {
    const SubmissionId id = Submit();
    h_.upstream.AnswerLast(InProgress());
    h_.timers.AdvanceBy(absl::Seconds(2));
    h_.upstream.AnswerLast(result);
    EXPECT_EQ(StateOf(id), state) << result.http_status << " " << result.upstream_code;
    EXPECT_EQ(h_.Record(id).charges_max, state == kFailed ? 0 : 1);
  }
}

TEST_F(DispatcherTest, AnAcceptedOutcomeIsOfferedToTheStoreUntilItIsStored) {
  const SubmissionId id = Submit();
  h_.state->FailNextWrites(5, errors::StoreUnavailable("down"));
  h_.upstream.AnswerLast(AcceptedAs("task-1"));
  EXPECT_EQ(StateOf(id), kDispatching);
  EXPECT_EQ(h_.dispatcher.in_flight(), 1);
  EXPECT_FALSE(h_.dispatcher.AwaitIdle(absl::InfinitePast()));
  h_.timers.AdvanceBy(absl::Milliseconds(100 + 200 + 400 + 800));
  EXPECT_EQ(StateOf(id), kDispatching);
  h_.timers.AdvanceBy(absl::Milliseconds(1600));
  EXPECT_EQ(StateOf(id), kSubmitted);
  EXPECT_EQ(h_.Record(id).task_id, TaskId("task-1"));
  EXPECT_EQ(h_.logger.CountOf("outcome_not_stored"), 1);
  EXPECT_TRUE(h_.dispatcher.AwaitIdle(absl::InfinitePast()));
}

TEST_F(DispatcherTest, AnOutcomeWhoseCommitWasInDoubtReachesThoseWhoWait) {
  const SubmissionId id = Submit();
  h_.hub.Wait(
      h_.Record(id), absl::InfiniteFuture(),
      [](const Submission& s) { return s.state == kSubmitted; },
      [this](Submission s) { told_ = std::move(s); });
  h_.state->FailNextWrites(1, errors::StoreUnavailable("in doubt"), /*after_commit=*/true);
  h_.upstream.AnswerLast(AcceptedAs("task-1"));
  h_.timers.AdvanceBy(absl::Seconds(1));
  ASSERT_TRUE(told_.has_value());
  EXPECT_EQ(told_->task_id, TaskId("task-1"));
  EXPECT_EQ(h_.dispatcher.in_flight(), 0);
}

TEST_F(DispatcherTest, ARetryWhoseCommitWasInDoubtStillHappens) {
  const SubmissionId id = Submit();
  h_.state->FailNextWrites(1, errors::StoreUnavailable("in doubt"), /*after_commit=*/true);
  h_.upstream.AnswerLast(RefusedTransient());
  ASSERT_EQ(StateOf(id), kPending);
  EXPECT_TRUE(AdvanceToNextPost());
}

TEST_F(DispatcherTest, AKeyThatWasReplacedMeanwhileIsNotUsed) {
  NewSubmission request = MakeRequest(h_.ids.Next(h_.clock.Now()), "a cat");
  const SubmissionId id = request.id;
  std::optional<Dispatcher::Slot> slot = h_.dispatcher.Reserve().slot;
  absl::StatusOr<SubmitOutcome> outcome = CallSubmit(
      h_.store, {.request = std::move(request), .claim = h_.dispatcher.MakeClaim(*slot)});
  h_.upstream.SetKeys({Secret("sk-second")});
  h_.dispatcher.Launch(outcome->submission, *outcome->started_attempt, *std::move(slot));
  EXPECT_EQ(h_.upstream.posts(), 0U);
  EXPECT_EQ(StateOf(id), kPending);
  EXPECT_EQ(h_.Record(id).charges_max, 0);
  EXPECT_EQ(h_.Record(id).upstream_posts_sent, 0);
  ASSERT_TRUE(AdvanceToNextPost());
  EXPECT_EQ(h_.upstream.request(0).api_key.Reveal(), "sk-second");
}

TEST_F(DispatcherTest, TwoBodiesUnderOneKeyAreAnErrorForPeople) {
  const SubmissionId id = Submit();
  AttemptResult reused = RefusedForGood(ErrorReason::kUpstreamMisconfigured);
  reused.http_status = 409;
  reused.upstream_code = "idempotency_key_reused";
  h_.upstream.AnswerLast(reused);
  EXPECT_EQ(StateOf(id), kFailed);
  EXPECT_EQ(h_.logger.CountOf("idempotency_key_reused"), 1);
}

TEST_F(DispatcherTest, AFailedClaimIsTriedAgain) {
  const SubmissionId id = Submit();
  h_.upstream.AnswerLast(RefusedTransient());
  h_.state->FailNextWrites(2, errors::StoreUnavailable("down"));
  EXPECT_TRUE(AdvanceToNextPost());
  EXPECT_EQ(h_.logger.CountOf("claim_failed"), 2);
  EXPECT_EQ(StateOf(id), kDispatching);
}

TEST_F(DispatcherTest, StopClaimingLeavesWorkPendingAndRecordsWhatIsOut) {
  const SubmissionId out = Submit();
  const SubmissionId retrying = Submit();
  h_.upstream.AnswerLast(RefusedTransient());
  h_.dispatcher.StopClaiming();
  EXPECT_FALSE(h_.dispatcher.Reserve().slot.has_value());
  EXPECT_FALSE(AdvanceToNextPost());
  EXPECT_EQ(StateOf(retrying), kPending);
  EXPECT_FALSE(h_.dispatcher.AwaitIdle(absl::InfinitePast()));
  h_.upstream.Answer(0, AcceptedAs("t"));
  EXPECT_EQ(StateOf(out), kSubmitted);
  EXPECT_TRUE(h_.dispatcher.AwaitIdle(absl::InfinitePast()));
}

TEST_F(DispatcherTest, AnIdleDispatcherLeavesTheStoreAlone) {
  h_.timers.AdvanceBy(absl::Hours(24));
  EXPECT_EQ(h_.store.claims(), 1);
}

// As another replica, or a commit that was in doubt, may have left it.
TEST(Reconciler, FindsWhatNobodyToldItOf) {
  DispatchHarness h(100, {}, kNeverOpens, /*reconcile_interval=*/absl::Seconds(30));
  h.dispatcher.Start();
  h.timers.AdvanceBy(absl::Minutes(10));
  NewSubmission request = MakeRequest(h.ids.Next(h.clock.Now()), "a cat");
  ASSERT_TRUE(CallSubmit(*h.memory, {.request = std::move(request)}).ok());
  EXPECT_EQ(h.upstream.posts(), 0U);
  h.timers.AdvanceBy(absl::Seconds(30));
  EXPECT_EQ(h.upstream.posts(), 1U);
}

TEST_F(DispatcherTest, LooksOnlyWhenSomethingIsDue) {
  Submit();
  AttemptResult refused = RateLimited();
  refused.retry_after = absl::Minutes(10);
  h_.upstream.AnswerLast(refused);
  h_.timers.AdvanceBy(absl::Seconds(90));  // one look at where the lease would have ended
  const int before = h_.store.claims();
  h_.timers.AdvanceBy(absl::Minutes(7));
  EXPECT_EQ(h_.store.claims(), before);
  h_.timers.AdvanceBy(absl::Minutes(3));
  EXPECT_LE(h_.store.claims(), before + 2);
}

// A second retry becomes due between the store's look at the first and the arrival of its answer.
TEST_F(DispatcherTest, WhatBecomesDueWhileAClaimIsAnsweredIsNotLeftLying) {
  AttemptResult refused = RateLimited();
  for (const int seconds : {5, 10}) {
    Submit();
    refused.retry_after = absl::Seconds(seconds);
    h_.upstream.AnswerLast(refused);
  }
  h_.store.HoldClaims();
  h_.timers.AdvanceBy(absl::Seconds(6));
  h_.clock.Advance(absl::Seconds(6));
  h_.store.ReleaseClaims();
  h_.timers.AdvanceBy(absl::Milliseconds(10));
  EXPECT_EQ(h_.upstream.posts(), 4U);
}

// A dispatcher of few slots.
class FullDispatcherTest : public DispatcherTest {
 protected:
  FullDispatcherTest() : DispatcherTest(3) {}
};

TEST_F(FullDispatcherTest, ServesTheBacklogInOrderAsSlotsComeBack) {
  std::vector<SubmissionId> ids;
  for (int i = 0; i < 20; ++i) {
    ids.push_back(Submit());
  }
  EXPECT_EQ(h_.upstream.posts(), 3U);
  for (size_t i = 0; i < ids.size(); ++i) {
    ASSERT_GT(h_.upstream.posts(), i);
    EXPECT_EQ(h_.upstream.request(i).idempotency_key, ids[i].value() + "-1");
    h_.upstream.Answer(i, AcceptedAs("task-" + std::to_string(i)));
  }
  EXPECT_EQ(h_.upstream.waiting_max(), 3U);
  EXPECT_EQ(h_.dispatcher.in_flight(), 0);
  for (const SubmissionId& id : ids) {
    EXPECT_EQ(StateOf(id), kSubmitted);
  }
}

TEST_F(FullDispatcherTest, OneClaimForEachSlotThatComesBack) {
  for (int i = 0; i < 40; ++i) {
    Submit();
  }
  const int before = h_.store.claims();
  for (int i = 0; i < 30; ++i) {
    h_.upstream.Answer(i, AcceptedAs("task-" + std::to_string(i)));
  }
  EXPECT_LE(h_.store.claims(), before + 30);
}

TEST_F(FullDispatcherTest, NewWorkQueuesUpBehindOlderWork) {
  for (int i = 0; i < 5; ++i) {
    Submit();
  }
  EXPECT_FALSE(h_.dispatcher.Reserve().slot.has_value());
  for (int i = 0; i < 5; ++i) {
    h_.upstream.Answer(i, AcceptedAs("task-" + std::to_string(i)));
  }
  EXPECT_TRUE(h_.dispatcher.Reserve().slot.has_value());
}

// Two slots come back; the older work is still being claimed for the first one.
TEST_F(FullDispatcherTest, NewWorkDoesNotTakeASlotWhileOlderWorkIsBeingClaimed) {
  for (int i = 0; i < 5; ++i) {
    Submit();
  }
  h_.store.HoldClaims();
  h_.upstream.Answer(0, AcceptedAs("task-0"));
  h_.upstream.Answer(1, AcceptedAs("task-1"));
  EXPECT_FALSE(h_.dispatcher.Reserve().slot.has_value());
  h_.store.ReleaseClaims();
  EXPECT_EQ(h_.upstream.posts(), 5U);
}

TEST_F(FullDispatcherTest, SubmitWithinRunsOutThoughNoSlotIsFree) {
  for (int i = 0; i < 3; ++i) {
    Submit();
  }
  const SubmissionId id = Submit(absl::Seconds(5));
  const int before = h_.store.claims();
  h_.timers.AdvanceBy(absl::Seconds(7));
  EXPECT_EQ(StateOf(id), kFailed);
  EXPECT_EQ(h_.Record(id).failure->reason, ErrorReason::kSubmitWithinExpired);
  EXPECT_LE(h_.store.claims(), before + 9);
  h_.timers.AdvanceBy(absl::Hours(1));
  EXPECT_LE(h_.store.claims(), before + 12);
}

// All slots are lent to a claim that finds nothing, while new work arrives and finds no slot.
TEST_F(FullDispatcherTest, WorkThatArrivesDuringAClaimIsNotForgotten) {
  h_.store.HoldClaims();
  h_.dispatcher.Wake();
  const SubmissionId id = Submit();
  EXPECT_EQ(StateOf(id), kPending);
  h_.store.ReleaseClaims();
  EXPECT_EQ(StateOf(id), kDispatching);
  EXPECT_EQ(h_.upstream.posts(), 1U);
}

TEST_F(FullDispatcherTest, ASlotThatIsNotUsedComesBack) {
  {
    const std::optional<Dispatcher::Slot> a = h_.dispatcher.Reserve().slot;
    std::optional<Dispatcher::Slot> b = h_.dispatcher.Reserve().slot;
    const Dispatcher::Slot c = *h_.dispatcher.Reserve().slot;
    EXPECT_FALSE(h_.dispatcher.Reserve().slot.has_value());
    Dispatcher::Slot moved = *std::move(b);
    EXPECT_EQ(h_.dispatcher.in_flight(), 3);
  }
  EXPECT_EQ(h_.dispatcher.in_flight(), 0);
}

TEST(DispatcherStart, BeforeItThereAreNoSlotsAndNoClaims) {
  DispatchHarness h;
  EXPECT_FALSE(h.dispatcher.Reserve().slot.has_value());
  h.dispatcher.Wake();
  h.timers.AdvanceBy(absl::Hours(1));
  EXPECT_EQ(h.store.claims(), 0);
}

TEST(DispatcherStart, TakesUpWhatAnEarlierProcessLeftPending) {
  DispatchHarness h;
  const NewSubmission request = MakeRequest(h.ids.Next(h.clock.Now()), "a cat");
  ASSERT_TRUE(CallSubmit(h.store, {.request = request}).ok());
  h.dispatcher.Start();
  EXPECT_EQ(h.upstream.posts(), 1U);
}

TEST(DispatcherStart, NeverClaimsAnotherAccountsWork) {
  DispatchHarness h;
  NewSubmission request = MakeRequest(h.ids.Next(h.clock.Now()), "a cat");
  request.scope.upstream_account = "other.example";
  ASSERT_TRUE(CallSubmit(h.store, {.request = request}).ok());
  h.dispatcher.Start();
  h.timers.AdvanceBy(absl::Minutes(14));
  EXPECT_EQ(h.upstream.posts(), 0U);
  h.timers.AdvanceBy(absl::Minutes(2));
  EXPECT_EQ(h.Record(request.id).state, kFailed);
}

}  // namespace
}  // namespace genledger
