#include "service/dispatch/submission_service.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "service/base/error_details.h"
#include "service/base/errors.h"
#include "tests/service/dispatch/service_harness.h"

namespace genledger {
namespace {

using enum SubmissionState;

ErrorReason ReasonOf(const absl::Status& status) {
  const std::optional<ErrorDetails> details = GetErrorDetails(status);
  return details.has_value() ? details->reason : ErrorReason::kUnspecified;
}

std::string FirstFieldOf(const absl::Status& status) {
  const std::optional<ErrorDetails> details = GetErrorDetails(status);
  return details.has_value() && !details->violations.empty() ? details->violations[0].field : "";
}

class SubmitTest : public ::testing::Test {
 protected:
  ServiceHarness h_;
};

TEST_F(SubmitTest, AnswersWithTheTaskIdOnceItIsStored) {
  const auto call = h_.Submit(InputOf("a cat", "r1"));
  EXPECT_FALSE(call.answered());
  h_.upstream.AnswerLast(AcceptedAs("task-1"));
  ASSERT_TRUE(call.answered());
  EXPECT_EQ(call->dedupe, DedupeKind::kCreated);
  EXPECT_EQ(call->submission->state, kSubmitted);
  EXPECT_EQ(call->submission->task_id, TaskId("task-1"));
  EXPECT_EQ(call->submission->scope.tenant, kTestTenant);
  EXPECT_EQ(h_.Record(call->submission->id), *call->submission);
  EXPECT_EQ(h_.hub.waiter_count(), 0U);
}

TEST(SubmitWithABacklogLimit, IsRefusedWhenTooMuchWaits) {
  ServiceHarness h(/*concurrency_max=*/1);
  SubmissionService limited({.upstream_account = kTestAccount, .backlog_max = 1},
                            {.store = &h.store,
                             .dispatcher = &h.dispatcher,
                             .hub = &h.hub,
                             .clock = &h.clock,
                             .ids = &h.ids});
  const auto submit = [&](const char* prompt) {
    Call<SubmitAnswer> call;
    call.handle = limited.Submit(h.caller, InputOf(prompt), call.Done());
    return call;
  };
  const auto out = submit("a cat");
  const auto waits = submit("a dog");
  const auto refused = submit("a cow");
  EXPECT_FALSE(out.answered());
  EXPECT_FALSE(waits.answered());
  ASSERT_TRUE(refused.answered());
  EXPECT_EQ(refused.get().status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(refused.get().status()), ErrorReason::kBacklogFull);
  limited.Drain();
}

TEST_F(SubmitTest, ARepeatIsReplayedAndAnEqualRequestJoinsWithoutAnotherPost) {
  const auto first = h_.Submit(InputOf("a cat", "r1"));
  const auto replay = h_.Submit(InputOf("a cat", "r1"));
  const auto join = h_.Submit(InputOf("a cat", "r2"));
  const auto anonymous = h_.Submit(InputOf(" a cat\n"));
  EXPECT_EQ(h_.hub.waiter_count(), 4U);
  h_.upstream.AnswerLast(AcceptedAs("t"));
  EXPECT_EQ(first->dedupe, DedupeKind::kCreated);
  EXPECT_EQ(replay->dedupe, DedupeKind::kReplayed);
  EXPECT_EQ(join->dedupe, DedupeKind::kJoined);
  EXPECT_EQ(anonymous->dedupe, DedupeKind::kJoined);
  for (const auto& call : {first, replay, join, anonymous}) {
    EXPECT_EQ(call->submission->task_id, TaskId("t"));
  }
  EXPECT_EQ(h_.upstream.posts(), 1U);
  EXPECT_EQ(h_.dispatcher.in_flight(), 0);
}

TEST_F(SubmitTest, AnotherTenantsEqualRequestIsAnotherSubmission) {
  h_.Submit(InputOf("a cat", "r1"));
  h_.SubmitAs(h_.stranger, InputOf("a cat", "r1"));
  EXPECT_EQ(h_.upstream.posts(), 2U);
}

TEST_F(SubmitTest, WithoutAWaitItAnswersTheStateAsItIs) {
  SubmitInput input = InputOf("a cat");
  input.wait = absl::ZeroDuration();
  const auto call = h_.Submit(std::move(input));
  ASSERT_TRUE(call.answered());
  EXPECT_EQ(call->submission->state, kDispatching);
  EXPECT_EQ(h_.upstream.posts(), 1U);
  EXPECT_EQ(h_.hub.waiter_count(), 0U);
}

TEST_F(SubmitTest, WaitsTwentySecondsUnlessAskedOtherwise) {
  const auto call = h_.Submit(InputOf("a cat"));
  h_.timers.AdvanceBy(absl::Seconds(19.99));
  EXPECT_FALSE(call.answered());
  h_.timers.AdvanceBy(absl::Seconds(0.01));
  ASSERT_TRUE(call.answered());
  EXPECT_EQ(call->submission->state, kDispatching);
}

TEST_F(SubmitTest, AnswersAMarginBeforeTheCallersDeadline) {
  SubmitInput input = InputOf("a cat");
  input.time_left = absl::Seconds(5);
  const auto call = h_.Submit(std::move(input));
  h_.timers.AdvanceBy(absl::Milliseconds(4749));
  EXPECT_FALSE(call.answered());
  h_.timers.AdvanceBy(absl::Milliseconds(1));
  EXPECT_TRUE(call.answered());
}

TEST_F(SubmitTest, ADeadlineThatIsAlmostOverIsAnsweredAtOnce) {
  SubmitInput input = InputOf("a cat");
  input.time_left = absl::Milliseconds(100);
  EXPECT_TRUE(h_.Submit(std::move(input)).answered());
  EXPECT_EQ(h_.upstream.posts(), 1U);
}

TEST_F(SubmitTest, TheWaitEndsEarlyWhenTheNextAttemptLiesBeyondIt) {
  const auto call = h_.Submit(InputOf("a cat"));
  AttemptResult refused = RateLimited();
  refused.retry_after = absl::Seconds(60);
  h_.upstream.AnswerLast(refused);
  ASSERT_TRUE(call.answered());
  EXPECT_EQ(call->submission->state, kPending);
  EXPECT_EQ(call->submission->failure->reason, ErrorReason::kUpstreamRateLimited);
}

TEST_F(SubmitTest, TheWaitGoesOnOverARetryWithinIt) {
  const auto call = h_.Submit(InputOf("a cat"));
  h_.upstream.AnswerLast(RefusedTransient());
  EXPECT_FALSE(call.answered());
  h_.timers.AdvanceBy(absl::Seconds(2));
  h_.upstream.AnswerLast(AcceptedAs("t"));
  EXPECT_EQ(call->submission->state, kSubmitted);
}

TEST_F(SubmitTest, ACallerThatHangsUpChangesNothing) {
  const auto call = h_.Submit(InputOf("a cat"));
  call.handle->StopWaiting();
  EXPECT_TRUE(call.answered());
  EXPECT_EQ(h_.hub.waiter_count(), 0U);
  h_.upstream.AnswerLast(AcceptedAs("t"));
  EXPECT_EQ(h_.Record(call->submission->id).state, kSubmitted);
  call.handle->StopWaiting();
}

TEST_F(SubmitTest, WhatNothingAnswersIsRefusedWithoutTheStoreWhileDraining) {
  h_.store.SayNothingAnswers();
  h_.service.Drain();
  const auto call = h_.Submit(InputOf("a cat"));
  ASSERT_TRUE(call.answered());
  EXPECT_EQ(ReasonOf(call.get().status()), ErrorReason::kShuttingDown);
  EXPECT_EQ(h_.store.submits(), 0);
}

TEST_F(SubmitTest, EveryEndOfAnAttemptHasItsError) {
  using enum ErrorReason;
  AttemptResult account = RefusedForGood(kUpstreamBalanceExhausted);
  account.outcome = AttemptClass::kRefusedAccount;
  const std::vector<std::tuple<AttemptResult, absl::StatusCode, ErrorReason>> cases = {
      {RefusedForGood(), absl::StatusCode::kInvalidArgument, kUpstreamRefusedRequest},
      {RefusedForGood(kUpstreamMisconfigured), absl::StatusCode::kFailedPrecondition,
       kUpstreamMisconfigured},
      {AmbiguousResult(), absl::StatusCode::kFailedPrecondition, kUpstreamOutcomeUnknown},
      // The last one: it opens the account's breaker.
      {account, absl::StatusCode::kFailedPrecondition, kUpstreamBalanceExhausted}};
  int n = 0;
  for (const auto& [result, code, reason] : cases) {
    const auto call = h_.Submit(InputOf("cat " + std::to_string(++n)));
    h_.upstream.AnswerLast(result);
    EXPECT_EQ(call.get().status().code(), code);
    EXPECT_EQ(ReasonOf(call.get().status()), reason);
  }
}

TEST_F(SubmitTest, RunningOutOfTimeIsToldByItsReason) {
  SubmitInput input = InputOf("a cat", "r1");
  input.submit_within = absl::Seconds(5);
  input.wait = absl::Seconds(60);
  const auto call = h_.Submit(std::move(input));
  AttemptResult refused = RateLimited();
  refused.retry_after = absl::Seconds(30);
  h_.upstream.AnswerLast(refused);
  h_.timers.AdvanceBy(absl::Seconds(5));
  EXPECT_EQ(call.get().status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(call.get().status()), ErrorReason::kUpstreamRateLimited);
  EXPECT_EQ(GetErrorDetails(call.get().status())->retry_delay, absl::Seconds(30));
}

TEST_F(SubmitTest, AFailureIsReplayedUntilReopenTimeAndThenTriedAgain) {
  h_.Submit(InputOf("a cat", "r1"));
  h_.upstream.AnswerLast(RefusedForGood());
  EXPECT_EQ(ReasonOf(h_.Submit(InputOf("a cat", "r1")).get().status()),
            ErrorReason::kUpstreamRefusedRequest);
  EXPECT_EQ(h_.upstream.posts(), 1U);
  h_.timers.AdvanceBy(absl::Seconds(30));
  const auto again = h_.Submit(InputOf("a cat", "r1"));
  ASSERT_EQ(h_.upstream.posts(), 2U);
  h_.upstream.AnswerLast(AcceptedAs("t"));
  EXPECT_EQ(again->dedupe, DedupeKind::kReopened);
  EXPECT_EQ(again->submission->run, 2);
  EXPECT_NE(h_.upstream.request(0).idempotency_key, h_.upstream.request(1).idempotency_key);
}

// The stored submission's mode says whether a reopening takes the hash, not the repeat's.
TEST_F(SubmitTest, AReopeningNeverTakesAHashThatSomebodyHolds) {
  h_.Submit(InputOf("a cat", "r1"));
  h_.upstream.AnswerLast(RefusedForGood());
  h_.Submit(InputOf("a cat", "r2"));
  h_.timers.AdvanceBy(absl::Seconds(30));
  SubmitInput repeat = InputOf("a cat", "r1");
  repeat.dedupe_mode = DedupeMode::kRequestIdOnly;
  repeat.wait = absl::ZeroDuration();
  const auto call = h_.Submit(std::move(repeat));
  ASSERT_TRUE(call.get().ok()) << call.get().status();
  EXPECT_EQ(call->dedupe, DedupeKind::kJoined);
  EXPECT_EQ(call->submission->request_id, "r2");
}

TEST_F(SubmitTest, InvalidRequestsAreRefusedWithEveryViolationAndWriteNothing) {
  SubmitInput input{.spec = {.duration = 9}, .request_id = "bad id"};
  input.wait = absl::Seconds(61);
  input.dedupe_window = absl::Seconds(1);
  input.submit_within = absl::Hours(25);
  input.variation = "\n";
  input.labels = {{"", ""}};
  input.conversion_faults = {{"ambiguity_policy", "is not a known value"}};
  const auto call = h_.Submit(std::move(input));
  ASSERT_EQ(ReasonOf(call.get().status()), ErrorReason::kFieldInvalid);
  const std::optional<ErrorDetails> details = GetErrorDetails(call.get().status());
  std::vector<std::string> fields;
  for (const FieldViolation& violation : details->violations) {
    fields.push_back(violation.field);
  }
  EXPECT_EQ(fields, (std::vector<std::string>{"spec.prompt", "spec.duration", "request_id",
                                              "variation", "dedupe_window", "wait", "submit_within",
                                              "labels", "ambiguity_policy"}));
  EXPECT_EQ(h_.upstream.posts(), 0U);
  EXPECT_EQ(h_.dispatcher.in_flight(), 0);
}

TEST_F(SubmitTest, AnUnknownFieldIsRefusedEvenUnderAKnownRequestId) {
  h_.Submit(InputOf("a cat", "r1"));
  SubmitInput input = InputOf("a cat", "r1");
  input.spec_has_unknown_fields = true;
  EXPECT_EQ(ReasonOf(h_.Submit(std::move(input)).get().status()), ErrorReason::kFieldInvalid);
}

TEST_F(SubmitTest, RequestIdOnlyNeedsARequestId) {
  SubmitInput input = InputOf("a cat");
  input.dedupe_mode = DedupeMode::kRequestIdOnly;
  EXPECT_EQ(FirstFieldOf(h_.Submit(std::move(input)).get().status()), "request_id");
}

TEST_F(SubmitTest, AKnownRequestIdIsAnsweredThoughItWouldNotBeTakenAnyMore) {
  h_.Submit(InputOf("a cat", "r1"));
  h_.upstream.AnswerLast(AcceptedAs("t"));
  SubmitInput input = InputOf("a cat", "r1");
  input.submit_within = absl::Hours(1000);
  EXPECT_EQ(h_.Submit(input)->submission->task_id, TaskId("t"));
  // Its content alone answers nothing invalid, and neither does an unknown request_id.
  input.request_id = "r2";
  EXPECT_EQ(ReasonOf(h_.Submit(input).get().status()), ErrorReason::kFieldInvalid);
  input.request_id = "";
  EXPECT_EQ(ReasonOf(h_.Submit(input).get().status()), ErrorReason::kFieldInvalid);
}

TEST_F(SubmitTest, NobodyWaitsLongerThanTheLimitWhateverTheyAsk) {
  h_.Submit(InputOf("a cat", "r1"));
  SubmitInput input = InputOf("a cat", "r1");
  input.wait = absl::InfiniteDuration();
  const auto call = h_.Submit(std::move(input));
  h_.timers.AdvanceBy(absl::Seconds(60));
  EXPECT_TRUE(call.answered());
}

TEST_F(SubmitTest, AReusedRequestIdIsRefusedWithItsFields) {
  h_.Submit(InputOf("a cat", "r1"));
  const auto call = h_.Submit(InputOf("a dog", "r1"));
  EXPECT_EQ(call.get().status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReasonOf(call.get().status()), ErrorReason::kRequestIdReused);
  EXPECT_EQ(h_.dispatcher.in_flight(), 1);
}

TEST_F(SubmitTest, AStoreThatIsDownGivesTheSlotBack) {
  h_.state->FailNextWrites(1, errors::StoreUnavailable("down"));
  const auto call = h_.Submit(InputOf("a cat"));
  EXPECT_EQ(ReasonOf(call.get().status()), ErrorReason::kStoreUnavailable);
  EXPECT_EQ(h_.dispatcher.in_flight(), 0);
  EXPECT_EQ(h_.upstream.posts(), 0U);
}

TEST_F(SubmitTest, AClaimWhoseCommitIsInDoubtIsNeverPostedAndEndsWithItsLease) {
  h_.state->FailNextWrites(1, errors::StoreUnavailable("in doubt"), /*after_commit=*/true);
  const auto call = h_.Submit(InputOf("a cat", "r1"));
  EXPECT_EQ(ReasonOf(call.get().status()), ErrorReason::kStoreUnavailable);
  h_.timers.AdvanceBy(absl::Seconds(91));
  const auto repeat = h_.Submit(InputOf("a cat", "r1"));
  EXPECT_EQ(ReasonOf(repeat.get().status()), ErrorReason::kUpstreamOutcomeUnknown);
  EXPECT_EQ(h_.upstream.posts(), 0U);
}

TEST_F(SubmitTest, AReaderMayNotSubmit) {
  const Principal reader{.name = "r", .tenant = kTestTenant, .role = Role::kReader};
  const auto call = h_.SubmitAs(reader, InputOf("a cat"));
  EXPECT_EQ(call.get().status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReasonOf(call.get().status()), ErrorReason::kPermissionDenied);
  EXPECT_EQ(h_.upstream.posts(), 0U);
}

TEST_F(SubmitTest, DrainingRefusesNewWorkAndAnswersWhatIsKnown) {
  const auto waiting = h_.Submit(InputOf("a cat", "r1"));
  h_.service.Drain();
  ASSERT_TRUE(waiting.answered());
  EXPECT_EQ(waiting->submission->state, kDispatching);
  const auto fresh = h_.Submit(InputOf("a dog", "r2"));
  EXPECT_EQ(fresh.get().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(fresh.get().status()), ErrorReason::kShuttingDown);
  EXPECT_EQ(h_.Submit(InputOf("a cat", "r1"))->dedupe, DedupeKind::kReplayed);
  EXPECT_EQ(h_.Submit(InputOf("a cat", "r3"))->dedupe, DedupeKind::kJoined);
  EXPECT_EQ(h_.upstream.posts(), 1U);
}

TEST_F(SubmitTest, DrainingReopensNothing) {
  h_.Submit(InputOf("a cat", "r1"));
  h_.upstream.AnswerLast(RefusedForGood());
  h_.timers.AdvanceBy(absl::Minutes(1));
  h_.service.Drain();
  EXPECT_EQ(ReasonOf(h_.Submit(InputOf("a cat", "r1")).get().status()), ErrorReason::kShuttingDown);
}

TEST(SubmitWithoutSlots, WaitsAsPendingForASlotAndIsThenAnswered) {
  ServiceHarness h(1);
  h.Submit(InputOf("a cat"));
  const auto second = h.Submit(InputOf("a dog"));
  EXPECT_FALSE(second.answered());
  h.upstream.Answer(0, AcceptedAs("t1"));
  ASSERT_EQ(h.upstream.posts(), 2U);
  h.upstream.Answer(1, AcceptedAs("t2"));
  EXPECT_EQ(second->dedupe, DedupeKind::kCreated);
  EXPECT_EQ(second->submission->task_id, TaskId("t2"));
}

TEST(SubmitUnderTighterRules, AKnownRequestIdStillReadsItsTaskId) {
  ServiceHarness h;
  h.Submit(InputOf("a long story of a cat", "r1"));
  h.upstream.AnswerLast(AcceptedAs("t"));
  SubmissionService tighter(
      {.upstream_account = kTestAccount, .validation = {.prompt_characters_max = 5}},
      {.store = &h.store,
       .dispatcher = &h.dispatcher,
       .hub = &h.hub,
       .clock = &h.clock,
       .ids = &h.ids});
  Call<SubmitAnswer> known;
  tighter.Submit(h.caller, InputOf("a long story of a cat", "r1"), known.Done());
  EXPECT_EQ(known->submission->task_id, TaskId("t"));
  Call<SubmitAnswer> unknown;
  tighter.Submit(h.caller, InputOf("a long story of a cat", "r2"), unknown.Done());
  EXPECT_EQ(FirstFieldOf(unknown.get().status()), "spec.prompt");
}

class PreviewTest : public SubmitTest {
 protected:
  absl::StatusOr<PreviewAnswer> Preview(SubmitInput input) {
    Call<PreviewAnswer> call;
    h_.service.Preview(h_.caller, std::move(input), call.Done());
    return call.get();
  }
};

TEST_F(PreviewTest, TellsWhatWouldHappenAndWritesAndSendsNothing) {
  const absl::StatusOr<PreviewAnswer> created = Preview(InputOf(" a cat ", "r1"));
  ASSERT_TRUE(created.ok());
  EXPECT_EQ(created->outcome.would, DedupeKind::kCreated);
  EXPECT_TRUE(created->outcome.submission_id.empty());
  EXPECT_EQ(created->spec.value().prompt, "a cat");
  EXPECT_EQ(h_.upstream.posts(), 0U);

  const auto call = h_.Submit(InputOf("a cat", "r1"));
  h_.upstream.AnswerLast(AcceptedAs("t"));
  const Submission stored = *call->submission;
  EXPECT_EQ(created->request_hash, stored.request_hash);
  EXPECT_EQ(Preview(InputOf("a cat", "r1"))->outcome.would, DedupeKind::kReplayed);
  EXPECT_EQ(Preview(InputOf("a cat", "r2"))->outcome.would, DedupeKind::kJoined);
  EXPECT_EQ(Preview(InputOf("a cat", "r2"))->outcome.submission_id, stored.id);
  EXPECT_EQ(h_.Record(stored.id), stored);
  EXPECT_EQ(ReasonOf(Preview(InputOf("a dog", "r1")).status()), ErrorReason::kRequestIdReused);
  EXPECT_EQ(ReasonOf(Preview(InputOf("")).status()), ErrorReason::kFieldInvalid);
}

// One submission of the caller's tenant, SUBMITTED, with an alias.
class ReadTest : public ::testing::Test {
 protected:
  ReadTest() {
    const auto call = h_.Submit(InputOf("a cat", "r1"));
    h_.upstream.AnswerLast(AcceptedAs("task-1"));
    h_.Submit(InputOf("a cat", "alias"));
    stored_ = h_.Record(call->submission->id);
  }
  absl::StatusOr<GetAnswer> Get(const Principal& who, GetInput input) {
    const auto call = h_.Get(who, std::move(input));
    return call.answered() ? call.get() : absl::UnknownError("waits");
  }
  GetInput ById() { return {.key = {NamedKey::Kind::kId, stored_.id.value()}}; }
  absl::StatusOr<std::vector<SubmissionWithAttempts>> BatchGet(std::vector<std::string> ids) {
    Call<std::vector<SubmissionWithAttempts>> call;
    h_.service.BatchGet(h_.caller, {.ids = std::move(ids)}, call.Done());
    return call.get();
  }

  ServiceHarness h_;
  Submission stored_;
};

TEST_F(ReadTest, FindsByEveryKey) {
  using enum NamedKey::Kind;
  for (const auto& [kind, key] :
       std::vector<std::pair<NamedKey::Kind, std::string>>{{kId, stored_.id.value()},
                                                           {kRequestId, "r1"},
                                                           {kRequestId, "alias"},
                                                           {kTaskId, "task-1"}}) {
    const auto found = Get(h_.caller, {.key = {kind, key}});
    ASSERT_TRUE(found.ok()) << key;
    EXPECT_EQ(*found->submission, stored_);
    EXPECT_EQ(found->attempts.size(), 1U);
  }
  GetInput basic = ById();
  basic.with_attempts = false;
  EXPECT_TRUE(Get(h_.caller, basic)->attempts.empty());
}

TEST_F(ReadTest, WhatIsNotThereIsNotFound) {
  using enum NamedKey::Kind;
  for (const auto& [kind, key] :
       std::vector<std::pair<NamedKey::Kind, std::string>>{{kId, "sub_01KDVDNA00ABCDEFGHJKMNPQRS"},
                                                           {kId, "garbage"},
                                                           {kId, ""},
                                                           {kRequestId, "r9"},
                                                           {kTaskId, "task-9"},
                                                           {kTaskId, std::string(257, 'x')}}) {
    const auto found = Get(h_.caller, {.key = {kind, key}});
    EXPECT_EQ(ReasonOf(found.status()), ErrorReason::kSubmissionNotFound) << key;
  }
  EXPECT_EQ(FirstFieldOf(Get(h_.caller, {}).status()), "key");
}

TEST_F(ReadTest, TenantsSeeTheirOwnAndOperatorsWhatTheyName) {
  EXPECT_TRUE(absl::IsNotFound(Get(h_.stranger, ById()).status()));
  GetInput named = ById();
  named.tenant = kTestTenant;
  EXPECT_EQ(ReasonOf(Get(h_.stranger, named).status()), ErrorReason::kPermissionDenied);
  EXPECT_TRUE(Get(h_.caller, named).ok());
  EXPECT_TRUE(Get(h_.op, named).ok());
  EXPECT_TRUE(absl::IsNotFound(Get(h_.op, ById()).status()));
  named.tenant = "-";
  EXPECT_EQ(FirstFieldOf(Get(h_.op, named).status()), "tenant");
  EXPECT_TRUE(absl::IsPermissionDenied(Get(h_.caller, named).status()));
}

TEST_F(ReadTest, ALongPollAnswersAtOnceIfThereIsNews) {
  GetInput input = ById();
  input.wait = absl::Seconds(10);
  input.wait_for_revision_after = stored_.revision - 1;
  EXPECT_TRUE(Get(h_.caller, input).ok());
}

TEST_F(ReadTest, ALongPollWaitsForTheNextRevisionAndShowsItsAttempts) {
  const auto submit = h_.Submit(InputOf("a dog", "r2"));
  const Submission before =
      *Get(h_.caller, {.key = {NamedKey::Kind::kRequestId, "r2"}})->submission;
  GetInput input{.key = {NamedKey::Kind::kId, before.id.value()}};
  input.wait = absl::Seconds(10);
  input.wait_for_revision_after = before.revision;
  const auto poll = h_.Get(h_.caller, input);
  EXPECT_FALSE(poll.answered());
  h_.upstream.AnswerLast(AcceptedAs("t"));
  ASSERT_TRUE(poll.answered());
  EXPECT_EQ(poll->submission->state, kSubmitted);
  EXPECT_EQ(poll->attempts[0].outcome, AttemptOutcome::kAccepted);
}

TEST_F(ReadTest, ALongPollEndsAtItsWaitItsDeadlineTheDrainOrTheHangUp) {
  GetInput input = ById();
  input.wait = absl::Seconds(10);
  input.wait_for_revision_after = stored_.revision;
  const auto waits = h_.Get(h_.caller, input);
  GetInput hurried = input;
  hurried.time_left = absl::Seconds(5);
  const auto hurries = h_.Get(h_.caller, hurried);
  const auto hangs_up = h_.Get(h_.caller, input);
  hangs_up.handle->StopWaiting();
  EXPECT_TRUE(hangs_up.answered());
  h_.timers.AdvanceBy(absl::Milliseconds(4750));
  EXPECT_TRUE(hurries.answered());
  EXPECT_FALSE(waits.answered());
  h_.timers.AdvanceBy(absl::Seconds(6));
  EXPECT_EQ(*waits->submission, stored_);
  const auto drained = h_.Get(h_.caller, input);
  h_.service.Drain();
  EXPECT_TRUE(drained.answered());
  EXPECT_EQ(h_.hub.waiter_count(), 0U);
}

TEST_F(ReadTest, ALongPollBeyondTheLimitIsRefused) {
  GetInput input = ById();
  input.wait = absl::Seconds(61);
  EXPECT_EQ(FirstFieldOf(Get(h_.caller, input).status()), "wait");
}

TEST_F(ReadTest, ABatchKeepsItsOrderAndIsAllOrNothing) {
  const std::string id = stored_.id.value();
  const auto twice = BatchGet({id, id});
  ASSERT_TRUE(twice.ok());
  EXPECT_EQ(twice->size(), 2U);
  EXPECT_TRUE(absl::IsNotFound(BatchGet({id, "sub_01KDVDNA00ABCDEFGHJKMNPQRS"}).status()));
  EXPECT_TRUE(absl::IsNotFound(BatchGet({id, "garbage"}).status()));
  EXPECT_TRUE(BatchGet(std::vector<std::string>(100, id)).ok());
  EXPECT_EQ(FirstFieldOf(BatchGet(std::vector<std::string>(101, id)).status()), "ids");
  EXPECT_EQ(FirstFieldOf(BatchGet({}).status()), "ids");
}

class ListTest : public ::testing::Test {
 protected:
  ListTest() {
    for (int i = 0; i < 5; ++i) {
      SubmitInput input = InputOf("cat " + std::to_string(i));
      input.wait = absl::ZeroDuration();
      ids_.push_back(h_.Submit(std::move(input))->submission->id);
    }
    SubmitInput other = InputOf("a dog");
    other.wait = absl::ZeroDuration();
    h_.SubmitAs(h_.stranger, std::move(other));
  }
  absl::StatusOr<ListAnswer> List(const Principal& who, ListInput input) {
    Call<ListAnswer> call;
    h_.service.List(who, std::move(input), call.Done());
    return call.get();
  }
  // All ids, page by page.
  std::vector<SubmissionId> AllPages(const Principal& who, ListInput input) {
    std::vector<SubmissionId> all;
    do {
      const absl::StatusOr<ListAnswer> page = List(who, input);
      EXPECT_TRUE(page.ok()) << page.status();
      for (const SubmissionWithAttempts& one : page->submissions) {
        all.push_back(one.submission.id);
      }
      input.page_token = page->next_page_token;
    } while (!input.page_token.empty());
    return all;
  }

  ServiceHarness h_;
  std::vector<SubmissionId> ids_;
};

TEST_F(ListTest, PagesNeverRepeatOrSkip) {
  EXPECT_EQ(AllPages(h_.caller, {.page_size = 2, .order_by = "create_time"}), ids_);
  const std::vector<SubmissionId> reversed(ids_.rbegin(), ids_.rend());
  EXPECT_EQ(AllPages(h_.caller, {.page_size = 2}), reversed);
  EXPECT_EQ(AllPages(h_.caller, {.page_size = 5}), reversed);
  EXPECT_EQ(AllPages(h_.caller, {.page_size = 2'000'000'000}), reversed);
}

TEST_F(ListTest, OperatorsMayListAllTenantsOthersMayNot) {
  EXPECT_EQ(AllPages(h_.op, {.tenant = "-", .page_size = 4}).size(), 6U);
  EXPECT_EQ(AllPages(h_.op, {.tenant = "other"}).size(), 1U);
  EXPECT_EQ(AllPages(h_.op, {}).size(), 0U);
  EXPECT_TRUE(absl::IsPermissionDenied(List(h_.caller, {.tenant = "-"}).status()));
  EXPECT_TRUE(absl::IsPermissionDenied(List(h_.caller, {.tenant = "other"}).status()));
}

TEST_F(ListTest, ATokenBelongsToItsList) {
  const std::string token = List(h_.caller, {.page_size = 2})->next_page_token;
  ASSERT_FALSE(token.empty());
  EXPECT_TRUE(List(h_.caller, {.page_token = token, .order_by = "create_time desc"}).ok());
  EXPECT_EQ(
      FirstFieldOf(List(h_.caller, {.page_token = token, .order_by = "create_time"}).status()),
      "page_token");
  EXPECT_EQ(FirstFieldOf(List(h_.stranger, {.page_token = token}).status()), "page_token");
}

TEST_F(ListTest, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(FirstFieldOf(List(h_.caller, {.page_size = -1}).status()), "page_size");
  EXPECT_EQ(FirstFieldOf(List(h_.caller, {.order_by = "prompt"}).status()), "order_by");
  EXPECT_EQ(FirstFieldOf(List(h_.caller, {.filter = "prompt = cat"}).status()), "filter");
}

TEST_F(ListTest, FiltersAndOrders) {
  EXPECT_EQ(AllPages(h_.caller, {.page_size = 2, .filter = "state != FAILED"}).size(), 5U);
  EXPECT_TRUE(AllPages(h_.caller, {.filter = "task_id:*"}).empty());
  EXPECT_EQ(AllPages(h_.caller, {.page_size = 2, .filter = "id = " + ids_[3].value()}),
            std::vector<SubmissionId>{ids_[3]});
  EXPECT_EQ(AllPages(h_.caller, {.page_size = 2, .order_by = "update_time"}).size(), 5U);
}

}  // namespace
}  // namespace genledger
