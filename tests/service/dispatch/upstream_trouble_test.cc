// What a sick upstream, or a refused key, does to callers: breakers, retry budget and concurrency
// limit as the dispatcher uses them (DESIGN.md section 6).
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "service/base/error_details.h"
#include "tests/service/dispatch/service_harness.h"
#include "tests/storage/store_calls.h"

namespace genledger {
namespace {

using enum SubmissionState;

constexpr absl::Duration kOpenTime = absl::Seconds(30);

AttemptResult RefusedKey() {
  AttemptResult result = RefusedForGood(ErrorReason::kUpstreamCredentialInvalid);
  result.outcome = AttemptClass::kRefusedAccount;
  result.http_status = 401;
  return result;
}

class UpstreamTroubleTest : public ::testing::Test {
 protected:
  explicit UpstreamTroubleTest(int32_t concurrency_max = 100)
      : h_(concurrency_max, {}, {}, UpstreamBreakerOptions{}) {}

  std::string NextPrompt() { return "cat number " + std::to_string(++prompts_); }

  // Five outcomes that say nothing but that the upstream is down. The submissions stay unknown.
  void BreakUpstream() {
    for (int i = 0; i < 5; ++i) {
      ASSERT_FALSE(h_.Submit(InputOf(NextPrompt())).answered());
      h_.upstream.AnswerLast(AmbiguousResult());
    }
  }
  int64_t Recorded() {
    return static_cast<int64_t>(CallList(h_.store, {.limit = 1000})->submissions.size());
  }

  ServiceHarness h_;
  int prompts_ = 0;
};

TEST_F(UpstreamTroubleTest, AnOpenBreakerRefusesWhatIsNewBeforeItIsRecorded) {
  BreakUpstream();
  const int64_t recorded = Recorded();
  const size_t posts = h_.upstream.posts();
  const auto call = h_.Submit(InputOf("a new cat", "r-new"));
  ASSERT_TRUE(call.answered());
  EXPECT_EQ(call.get().status().code(), absl::StatusCode::kUnavailable);
  const std::optional<ErrorDetails> details = GetErrorDetails(call.get().status());
  ASSERT_TRUE(details.has_value());
  EXPECT_EQ(details->reason, ErrorReason::kUpstreamUnavailable);
  ASSERT_TRUE(details->retry_delay.has_value());
  EXPECT_GT(*details->retry_delay, absl::Seconds(29));
  EXPECT_LE(*details->retry_delay, kOpenTime);
  EXPECT_EQ(Recorded(), recorded);
  EXPECT_EQ(h_.upstream.posts(), posts);
  EXPECT_EQ(h_.dispatcher.in_flight(), 0);
  EXPECT_EQ(h_.logger.CountOf("breaker_opened"), 1);
}

TEST_F(UpstreamTroubleTest, AnOpenBreakerAnswersWhatIsKnown) {
  h_.Submit(InputOf("a known cat", "r1"));
  h_.upstream.AnswerLast(AcceptedAs("task-1"));
  BreakUpstream();
  const auto replayed = h_.Submit(InputOf("a known cat", "r1"));
  EXPECT_EQ(replayed->dedupe, DedupeKind::kReplayed);
  EXPECT_EQ(replayed->submission->task_id, TaskId("task-1"));
  const auto joined = h_.Submit(InputOf("a known cat", "r2"));
  EXPECT_EQ(joined->dedupe, DedupeKind::kJoined);
  EXPECT_EQ(joined->submission->task_id, TaskId("task-1"));
}

TEST_F(UpstreamTroubleTest, RecordedWorkWaitsForTheOneProbeWhichClosesTheBreaker) {
  std::vector<SubmissionId> waiting;
  AttemptResult busy = RateLimited();
  busy.retry_after = absl::Seconds(2);
  for (int i = 0; i < 3; ++i) {
    h_.Submit(InputOf(NextPrompt(), "w" + std::to_string(i)));
    h_.upstream.AnswerLast(busy);
    waiting.push_back(CallList(h_.store, {.limit = 1})->submissions.at(0).submission.id);
  }
  BreakUpstream();
  const size_t posts = h_.upstream.posts();
  h_.timers.AdvanceBy(kOpenTime - absl::Milliseconds(100));
  EXPECT_EQ(h_.upstream.posts(), posts);
  for (const SubmissionId& id : waiting) {
    EXPECT_EQ(h_.Record(id).state, kPending);
  }
  h_.timers.AdvanceBy(absl::Seconds(1));
  ASSERT_EQ(h_.upstream.posts(), posts + 1);
  h_.timers.AdvanceBy(absl::Seconds(10));
  ASSERT_EQ(h_.upstream.posts(), posts + 1) << "a second probe";
  EXPECT_FALSE(h_.Submit(InputOf("a brand-new cat")).get().ok());

  h_.upstream.AnswerLast(AcceptedAs("task-probe"));
  h_.timers.AdvanceBy(absl::ZeroDuration());
  EXPECT_EQ(h_.upstream.posts(), posts + 3);
  EXPECT_EQ(h_.logger.CountOf("breaker_closed"), 1);
  EXPECT_FALSE(h_.Submit(InputOf("another brand-new cat")).answered());
  EXPECT_EQ(h_.upstream.posts(), posts + 4);
}

// What is due waits for the breaker, which opens to a probe long after this submit_within is over.
TEST_F(UpstreamTroubleTest, SubmitWithinRunsOutWhileTheBreakerIsOpen) {
  SubmitInput input = InputOf("a cat in a hurry");
  input.submit_within = absl::Seconds(10);
  h_.Submit(std::move(input));
  AttemptResult busy = RateLimited();
  busy.retry_after = absl::Seconds(2);
  h_.upstream.AnswerLast(busy);
  const SubmissionId id = CallList(h_.store, {.limit = 1})->submissions.at(0).submission.id;
  BreakUpstream();
  h_.timers.AdvanceBy(absl::Seconds(11));
  EXPECT_EQ(h_.Record(id).state, kFailed);
}

TEST_F(UpstreamTroubleTest, ABrandNewSubmissionMayBeTheProbe) {
  BreakUpstream();
  h_.timers.AdvanceBy(kOpenTime);
  const auto probe = h_.Submit(InputOf("the probe"));
  EXPECT_FALSE(probe.answered());
  const auto second = h_.Submit(InputOf("a second one"));
  ASSERT_TRUE(second.answered());
  EXPECT_EQ(second.get().status().code(), absl::StatusCode::kUnavailable);
  h_.upstream.AnswerLast(AmbiguousResult());
  // Open again, for twice as long.
  h_.timers.AdvanceBy(kOpenTime);
  EXPECT_FALSE(h_.Submit(InputOf("too soon")).get().ok());
  h_.timers.AdvanceBy(kOpenTime);
  EXPECT_FALSE(h_.Submit(InputOf("the next probe")).answered());
}

TEST_F(UpstreamTroubleTest, AProbeThatIsNotNeededIsGivenBack) {
  h_.Submit(InputOf("a known cat", "r1"));
  h_.upstream.AnswerLast(AcceptedAs("task-1"));
  BreakUpstream();
  h_.timers.AdvanceBy(kOpenTime);
  EXPECT_TRUE(h_.Submit(InputOf("a known cat", "r1")).get().ok());
  EXPECT_FALSE(h_.Submit(InputOf("the probe")).answered());
}

TEST_F(UpstreamTroubleTest, ARefusedKeyStopsNewWorkAtOnceAndANewKeyStartsIt) {
  h_.Submit(InputOf(NextPrompt()));
  h_.upstream.AnswerLast(RefusedKey());
  const auto refused = h_.Submit(InputOf("a new cat"));
  ASSERT_TRUE(refused.answered());
  EXPECT_EQ(refused.get().status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(GetErrorDetails(refused.get().status())->reason,
            ErrorReason::kUpstreamCredentialInvalid);
  EXPECT_EQ(h_.upstream.posts(), 1U);
  h_.upstream.SetKeys({Secret("sk-new")});
  EXPECT_FALSE(h_.Submit(InputOf("a new cat")).answered());
  EXPECT_EQ(h_.upstream.request(1).api_key.Reveal(), "sk-new");
}

TEST_F(UpstreamTroubleTest, ASecondKeyIsUsedWhileTheFirstOneIsRefused) {
  h_.upstream.SetKeys({Secret("sk-first"), Secret("sk-second")});
  h_.Submit(InputOf(NextPrompt()));
  EXPECT_EQ(h_.upstream.request(0).api_key.Reveal(), "sk-first");
  h_.upstream.AnswerLast(RefusedKey());
  EXPECT_FALSE(h_.Submit(InputOf("a new cat")).answered());
  EXPECT_EQ(h_.upstream.request(1).api_key.Reveal(), "sk-second");
}

TEST_F(UpstreamTroubleTest, OurOwnRefusalsNeverCount) {
  AttemptResult local = NotSentResult();
  local.upstream_code = "start_too_late";
  for (int i = 0; i < 20; ++i) {
    h_.Submit(InputOf(NextPrompt()));
    h_.upstream.AnswerLast(local);
  }
  EXPECT_FALSE(h_.Submit(InputOf("a new cat")).answered());
}

TEST_F(UpstreamTroubleTest, StatusTellsWhatStopsTheWork) {
  BreakUpstream();
  const DispatchStatus status = h_.dispatcher.status();
  ASSERT_EQ(status.breakers.size(), 2U);
  EXPECT_EQ(status.breakers[0].scope, "api.upstream.example");
  EXPECT_EQ(status.breakers[0].state, BreakerState::kOpen);
  EXPECT_EQ(status.breakers[1].state, BreakerState::kClosed);
  EXPECT_EQ(status.concurrency_limit, 100);
  EXPECT_EQ(status.attempts_in_flight, 0);
  EXPECT_DOUBLE_EQ(status.retry_budget_left, 100);
}

// 500 answers after which a retry is due: a hundred retries at once, the rest one a second.
TEST(RetryBudgetUse, RetriesBeyondTheBudgetGoOutOneByOne) {
  ServiceHarness h(1000);
  constexpr int kSubmissions = 300;
  for (int i = 0; i < kSubmissions; ++i) {
    h.Submit(InputOf("cat " + std::to_string(i)));
  }
  for (int i = 0; i < kSubmissions; ++i) {
    h.upstream.Answer(i, RefusedTransient());
  }
  const size_t before = h.upstream.posts();
  h.timers.AdvanceBy(absl::Seconds(10));
  // 100, 60 for the first attempts, and one more a second; the back-off of a first retry is 1 s.
  EXPECT_GE(h.upstream.posts() - before, 100U);
  EXPECT_LE(h.upstream.posts() - before, 100U + kSubmissions / 5);
  h.timers.AdvanceBy(absl::Seconds(60));
  EXPECT_LE(h.upstream.posts() - before, 100U + 75U);
  EXPECT_EQ(CallList(h.store, {.filter = {}, .limit = 1000})->submissions.size(), kSubmissions);
  h.timers.AdvanceBy(absl::Minutes(5));
  EXPECT_EQ(h.upstream.posts() - before, kSubmissions);
}

TEST(ConcurrencyUse, RateLimitsShrinkWhatIsOutAtOnce) {
  ServiceHarness h(10);
  AttemptResult busy = RateLimited();
  busy.retry_after = absl::Seconds(60);
  for (int i = 0; i < 5; ++i) {
    h.Submit(InputOf("cat " + std::to_string(i)));
    h.upstream.AnswerLast(busy);
    h.timers.AdvanceBy(absl::Seconds(1));
  }
  const int32_t limit = h.dispatcher.status().concurrency_limit;
  EXPECT_LE(limit, 6);
  const size_t before = h.upstream.posts();
  for (int i = 0; i < 20; ++i) {
    h.Submit(InputOf("dog " + std::to_string(i)));
  }
  EXPECT_EQ(h.upstream.posts() - before, static_cast<size_t>(limit));
  EXPECT_EQ(h.dispatcher.in_flight(), limit);
}

}  // namespace
}  // namespace genledger
