#include "service/domain/dedupe.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "service/base/error_details.h"
#include "service/domain/canonicalize.h"
#include "service/domain/spec_encoding.h"
#include "tests/service/domain/sample_submissions.h"

namespace genledger {
namespace {

using enum SubmissionState;

const absl::Time kNow = kSampleTime + absl::Seconds(5);
const SubmissionId kOtherId("sub_01KDW4M0000000000000000002");

DedupeDecision Decide(const NewSubmission& request, const DedupeMatch& match,
                      absl::Time now = kNow) {
  absl::StatusOr<DedupeDecision> decision = DecideDedupe(request, match, now);
  EXPECT_TRUE(decision.ok()) << decision.status();
  return decision.ok() ? *std::move(decision) : DedupeDecision();
}

ErrorReason ReasonOf(const absl::StatusOr<DedupeDecision>& decision) {
  const std::optional<ErrorDetails> details = GetErrorDetails(decision.status());
  return details.has_value() ? details->reason : ErrorReason::kUnspecified;
}

Submission InState(SubmissionState state, std::string_view request_id = "first") {
  Submission s = SamplePending(request_id);
  s.state = state;
  if (state == kSubmitted) {
    s.submit_time = kSampleTime;
    s.task_id = TaskId("t");
  }
  return s;
}

Submission Failed(std::string_view request_id) {
  return Ended(SamplePending(request_id), SampleResult(AttemptClass::kRefused), kSampleTime);
}

TEST(DecideDedupe, CreatesWhatNothingAnswers) {
  const DedupeDecision decision = Decide(SampleRequest("r"), {});
  EXPECT_EQ(decision.action, DedupeAction::kCreate);
  EXPECT_FALSE(decision.released.has_value());
  EXPECT_FALSE(NeedsNoWrite(decision));
}

TEST(DecideDedupe, ReplaysAKnownRequestIdInEveryStateWithoutAWrite) {
  for (const SubmissionState state :
       {kPending, kDispatching, kSubmitted, kOutcomeUnknown, kCancelled, kAbandoned}) {
    const DedupeDecision decision =
        Decide(SampleRequest("first"), {.by_request_id = InState(state)});
    EXPECT_EQ(decision.action, DedupeAction::kReplay) << SubmissionStateName(state);
    EXPECT_TRUE(NeedsNoWrite(decision));
    EXPECT_EQ(decision.submission->state, state);
  }
}

TEST(DecideDedupe, ARequestIdIsAnsweredBeforeTheHash) {
  Submission holder = InState(kPending, "other");
  holder.id = kOtherId;
  const DedupeDecision decision =
      Decide(SampleRequest("first"), {.by_request_id = InState(kSubmitted), .by_hash = holder});
  EXPECT_EQ(decision.action, DedupeAction::kReplay);
  EXPECT_NE(decision.submission->id, kOtherId);
}

TEST(DecideDedupe, AReplayWithdrawsACancelThatIsOnlyRequested) {
  for (const SubmissionState state : {kDispatching, kOutcomeUnknown}) {
    Submission stored = InState(state);
    stored.cancel_request_time = kSampleTime;
    const DedupeDecision decision = Decide(SampleRequest("first"), {.by_request_id = stored});
    ASSERT_TRUE(decision.change.has_value());
    EXPECT_EQ(decision.change->submission.cancel_request_time, absl::InfinitePast());
    EXPECT_EQ(decision.change->submission.revision, stored.revision + 1);
    EXPECT_EQ(decision.change->events.front().type, "cancel_withdrawn");
  }
}

TEST(DecideDedupe, ReusedRequestIdNamesEveryDifferingField) {
  NewSubmission request = SampleRequest("first", "a dog");
  request.spec = Canonicalize({.model = "veo3.1-quality", .prompt = "a dog", .resolution = "4k"});
  request.variation = "take 2";
  request.request_hash = HashRequest(EncodeRequest(request.spec, request.variation));
  const absl::StatusOr<DedupeDecision> decision =
      DecideDedupe(request, {.by_request_id = InState(kFailed)}, kNow);
  EXPECT_EQ(decision.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReasonOf(decision), ErrorReason::kRequestIdReused);
  const std::vector<std::string> fields{"spec.model", "spec.prompt", "spec.resolution",
                                        "variation"};
  EXPECT_EQ(DifferingFields(request, InState(kPending)), fields);
}

TEST(DifferingFields, SeesEveryFieldOfASpec) {
  const Submission stored = InState(kPending);
  const std::vector<std::pair<GenerationSpec, std::string>> cases = {
      {{.model = "veo3.1-quality", .prompt = "a cat"}, "spec.model"},
      {{.prompt = "a cat", .duration = 9}, "spec.duration"},
      {{.prompt = "a cat", .aspect_ratio = "16:9"}, "spec.aspect_ratio"},
      {{.prompt = "a cat", .generation_type = "frame"}, "spec.generation_type"},
      {{.prompt = "a cat", .image_urls = {"https://a.example/1.png"}}, "spec.image_urls"},
      {{.prompt = "a cat", .resolution = "4k"}, "spec.resolution"},
      {{.prompt = "a cat", .enable_gif = true}, "spec.enable_gif"},
      {{.prompt = "a cat", .official_fallback = true}, "spec.official_fallback"},
  };
  for (const auto& [spec, field] : cases) {
    NewSubmission request = SampleRequest("first");
    request.spec = Canonicalize(spec);
    EXPECT_EQ(DifferingFields(request, stored), std::vector<std::string>{field});
  }
}

TEST(DecideDedupe, ComparesContentUnderAnotherHashVersion) {
  Submission stored = InState(kPending);
  stored.hash_version = kCurrentHashVersion + 1;
  stored.request_hash.bytes[0] ^= 1;
  EXPECT_EQ(Decide(SampleRequest("first"), {.by_request_id = stored}).action,
            DedupeAction::kReplay);
  EXPECT_EQ(
      ReasonOf(DecideDedupe(SampleRequest("first", "a dog"), {.by_request_id = stored}, kNow)),
      ErrorReason::kRequestIdReused);
}

TEST(DecideDedupe, ATombstoneAnswersExpiredEvenIfSomebodyHoldsTheHash) {
  const absl::StatusOr<DedupeDecision> decision = DecideDedupe(
      SampleRequest("r"), {.request_id_tombstone = true, .by_hash = InState(kSubmitted)}, kNow);
  EXPECT_EQ(decision.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(decision), ErrorReason::kRequestIdExpired);
}

TEST(DecideDedupe, RequestIdOnlyNeverMeetsAHash) {
  NewSubmission request = SampleRequest("r");
  request.dedupe_mode = DedupeMode::kRequestIdOnly;
  const DedupeDecision decision = Decide(request, {.by_hash = InState(kPending)});
  EXPECT_EQ(decision.action, DedupeAction::kCreate);
  EXPECT_FALSE(decision.released.has_value());
}

TEST(Join, ANewRequestIdBecomesAnAliasOfTheHolder) {
  for (const SubmissionState state : {kPending, kDispatching, kSubmitted, kOutcomeUnknown}) {
    const DedupeDecision decision = Decide(SampleRequest("r2"), {.by_hash = InState(state)});
    EXPECT_EQ(decision.action, DedupeAction::kJoin);
    EXPECT_TRUE(decision.add_alias);
    ASSERT_TRUE(decision.change.has_value());
    EXPECT_EQ(decision.change->submission.request_id_count, 2);
    EXPECT_EQ(decision.change->events.front().type, "joined");
    EXPECT_EQ(decision.change->events.front().note, "r2");
    EXPECT_FALSE(decision.change->submission.anonymous_caller);
  }
}

TEST(Join, TheAnonymousFlagIsWrittenOnce) {
  const DedupeDecision first = Decide(SampleRequest(), {.by_hash = InState(kDispatching)});
  EXPECT_FALSE(first.add_alias);
  ASSERT_TRUE(first.change.has_value());
  EXPECT_TRUE(first.change->submission.anonymous_caller);
  // Soon enough not to move the deadline either.
  const DedupeDecision second = Decide(SampleRequest(), {.by_hash = first.change->submission});
  EXPECT_TRUE(NeedsNoWrite(second));
}

TEST(Join, OfASubmittedOneWithoutARequestIdWritesNothing) {
  EXPECT_TRUE(NeedsNoWrite(Decide(SampleRequest(), {.by_hash = InState(kSubmitted)})));
}

TEST(Join, TheStrictestPolicyHolds) {
  using enum AmbiguityPolicy;
  const std::vector<std::tuple<AmbiguityPolicy, AmbiguityPolicy, AmbiguityPolicy>> cases = {
      {kHold, kFail, kHold},
      {kFail, kHold, kHold},
      {kFail, kResubmitOnce, kFail},
      {kResubmitOnce, kFail, kFail},
      {kHold, kResubmitOnce, kHold},
      {kResubmitOnce, kHold, kHold},
      {kResubmitOnce, kResubmitOnce, kResubmitOnce}};
  for (const auto& [first, second, expected] : cases) {
    Submission holder = InState(kPending);
    holder.ambiguity_policy = first;
    NewSubmission request = SampleRequest("r2");
    request.ambiguity_policy = second;
    EXPECT_EQ(Decide(request, {.by_hash = holder}).change->submission.ambiguity_policy, expected);
  }
}

TEST(Join, TheLatestSubmitWithinHoldsAndTheLabelsStayTheCreators) {
  Submission holder = InState(kPending);
  holder.labels = {{"project", "first"}};
  NewSubmission request = SampleRequest("r2");
  request.submit_within = absl::Hours(2);
  request.labels = {{"project", "second"}};
  const Submission joined = Decide(request, {.by_hash = holder}).change->submission;
  EXPECT_EQ(joined.submit_deadline_time, kNow + absl::Hours(2));
  EXPECT_EQ(joined.labels, holder.labels);
  request.submit_within = absl::Seconds(1);
  EXPECT_EQ(Decide(request, {.by_hash = holder}).change->submission.submit_deadline_time,
            holder.submit_deadline_time);
}

TEST(Join, WithdrawsACancelThatIsOnlyRequested) {
  Submission holder = InState(kDispatching);
  holder.cancel_request_time = kSampleTime;
  EXPECT_EQ(Decide(SampleRequest("r2"), {.by_hash = holder}).change->submission.cancel_request_time,
            absl::InfinitePast());
}

TEST(Window, EndsForEverybodyAfterTheHoldersOwn) {
  Submission holder = InState(kSubmitted);
  holder.dedupe_window = absl::Hours(1);
  const absl::Time end = holder.submit_time + absl::Hours(1);
  EXPECT_EQ(Decide(SampleRequest("r2"), {.by_hash = holder}, end - absl::Microseconds(1)).action,
            DedupeAction::kJoin);
  const DedupeDecision after = Decide(SampleRequest("r2"), {.by_hash = holder}, end);
  EXPECT_EQ(after.action, DedupeAction::kCreate);
  ASSERT_TRUE(after.released.has_value());
  EXPECT_EQ(after.released->submission.id, holder.id);
  EXPECT_FALSE(after.released->submission.holds_hash);
  EXPECT_EQ(after.released->submission.revision, holder.revision + 1);
}

TEST(Window, AJoinersShorterOneCountsForTheJoinerOnly) {
  const Submission holder = InState(kSubmitted);
  NewSubmission brief = SampleRequest("r2");
  brief.dedupe_window = absl::Minutes(1);
  const absl::Time later = holder.submit_time + absl::Minutes(1);
  EXPECT_EQ(Decide(brief, {.by_hash = holder}, later).action, DedupeAction::kCreate);
  EXPECT_EQ(Decide(SampleRequest("r3"), {.by_hash = holder}, later).action, DedupeAction::kJoin);
}

TEST(Window, NeverEndsWhileTheOutcomeIsOpen) {
  for (const SubmissionState state : {kPending, kDispatching, kOutcomeUnknown}) {
    EXPECT_EQ(Decide(SampleRequest("r2"), {.by_hash = InState(state)}, kNow + absl::Hours(24 * 365))
                  .action,
              DedupeAction::kJoin);
  }
}

TEST(FailedRequestId, IsReplayedUntilReopenTimeThenReopened) {
  const Submission failed = Failed("first");
  const absl::Time reopen = failed.failure->reopen_time;
  const DedupeMatch match{.by_request_id = failed};
  const DedupeDecision before =
      Decide(SampleRequest("first"), match, reopen - absl::Microseconds(1));
  EXPECT_EQ(before.action, DedupeAction::kReplay);
  EXPECT_TRUE(NeedsNoWrite(before));
  EXPECT_EQ(Decide(SampleRequest("first"), match, reopen).action, DedupeAction::kReopen);
}

TEST(FailedRequestId, MovesForGoodToWhoeverHoldsTheHashNow) {
  Submission failed = Failed("first");
  failed.request_id_count = 3;
  Submission holder = InState(kDispatching, "other");
  holder.id = kOtherId;
  const DedupeDecision decision =
      Decide(SampleRequest("first"), {.by_request_id = failed, .by_hash = holder},
             failed.failure->reopen_time);
  EXPECT_EQ(decision.action, DedupeAction::kMove);
  EXPECT_EQ(decision.submission->id, kOtherId);
  EXPECT_TRUE(decision.add_alias);
  EXPECT_EQ(decision.change->submission.request_id_count, 2);
  ASSERT_TRUE(decision.superseded.has_value());
  EXPECT_EQ(decision.superseded->submission.superseded_by, kOtherId);
  EXPECT_EQ(decision.superseded->submission.state, kFailed);
  EXPECT_EQ(decision.superseded->submission.request_id_count, 2);
}

TEST(FailedRequestId, IsReopenedPastAHolderWhoseWindowIsOver) {
  const Submission failed = Failed("first");
  Submission holder = InState(kSubmitted, "other");
  holder.id = kOtherId;
  const DedupeDecision decision =
      Decide(SampleRequest("first"), {.by_request_id = failed, .by_hash = holder},
             holder.submit_time + absl::Hours(24));
  EXPECT_EQ(decision.action, DedupeAction::kReopen);
  ASSERT_TRUE(decision.released.has_value());
  EXPECT_EQ(decision.released->submission.id, kOtherId);
}

TEST(FailedRequestId, OnceSupersededIsNeverReopened) {
  Submission failed = Failed("first");
  failed.superseded_by = kOtherId;
  EXPECT_EQ(Decide(SampleRequest("first"), {.by_request_id = failed},
                   failed.failure->reopen_time + absl::Hours(1))
                .action,
            DedupeAction::kReplay);
}

TEST(FailedRequestId, InModeRequestIdOnlyIgnoresWhoHoldsTheHash) {
  Submission failed = Failed("first");
  failed.dedupe_mode = DedupeMode::kRequestIdOnly;
  Submission holder = InState(kPending, "other");
  holder.id = kOtherId;
  EXPECT_EQ(Decide(SampleRequest("first"), {.by_request_id = failed, .by_hash = holder},
                   failed.failure->reopen_time)
                .action,
            DedupeAction::kReopen);
}

// Where a short cut says yes, the whole decision is that one, and nothing is written.
void CheckShortCuts(const NewSubmission& request, const Submission& stored, bool detached,
                    absl::Time now, int& replays, int& joins) {
  const std::string scene =
      std::string(SubmissionStateName(stored.state)) + " " + request.request_id;
  if (ReplaysAsItIs(request, stored)) {
    const DedupeDecision decision =
        Decide(request, {.by_request_id = stored, .request_id_detached = detached}, now);
    EXPECT_EQ(decision.action, DedupeAction::kReplay) << scene;
    EXPECT_TRUE(NeedsNoWrite(decision)) << scene;
    ++replays;
  }
  if (JoinsAsItIs(request, stored, now)) {
    const DedupeDecision decision = Decide(request, {.by_hash = stored}, now);
    EXPECT_EQ(decision.action, DedupeAction::kJoin) << scene;
    EXPECT_TRUE(NeedsNoWrite(decision)) << scene;
    ++joins;
  }
}

TEST(ShortCuts, SayYesOnlyWhereTheDecisionIsToAnswerAsItIs) {
  int replays = 0;
  int joins = 0;
  for (const SubmissionState state : kAllSubmissionStates) {
    Submission stored = state == kFailed ? Failed("first") : InState(state);
    for (const std::string request_id : {"", "first", "other"}) {
      for (const char* const prompt : {"a cat", "a dog"}) {
        for (const DedupeMode mode : {DedupeMode::kContent, DedupeMode::kRequestIdOnly}) {
          for (const absl::Time now : {kNow, kNow + absl::Hours(24 * 30)}) {
            for (const bool detached : {false, true}) {
              NewSubmission request = SampleRequest(request_id, prompt);
              request.dedupe_mode = mode;
              CheckShortCuts(request, stored, detached, now, replays, joins);
            }
          }
        }
      }
    }
  }
  EXPECT_GT(replays, 0);
  EXPECT_GT(joins, 0);
}

}  // namespace
}  // namespace genledger
