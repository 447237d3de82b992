// Retry, backoff and re-post policies.
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "service/base/random_source.h"
#include "service/upstream/backoff_policy.h"
#include "service/upstream/retry_policy.h"

namespace genledger {
namespace {

AttemptResult Result(AttemptClass outcome, bool counts = true, bool trusted = false) {
  return {.outcome = outcome, .counts_against_posts = counts, .trusted_envelope = trusted};
}

// How many posts a run makes if each ends in `result`; at most 50.
int PostsOfARun(const AttemptResult& result) {
  const RetryPolicy policy({});
  RunTally tally;
  for (int posts = 1; posts < 50; ++posts) {
    tally = CountPost(tally, result);
    if (!policy.MayRetry(tally, result)) {
      return posts;
    }
  }
  return 50;
}

TEST(RetryPolicyTest, PostsOfARunAreBounded) {
  EXPECT_EQ(PostsOfARun(Result(AttemptClass::kRefusedTransient)), 4);
  EXPECT_EQ(PostsOfARun(Result(AttemptClass::kRefusedTransient, true, true)), 3);
  EXPECT_EQ(PostsOfARun(Result(AttemptClass::kRefusedTransient, false)), 50);
  EXPECT_EQ(PostsOfARun(Result(AttemptClass::kNotSent, false)), 50);
}

TEST(RetryPolicyTest, OnlyHarmlessOutcomesAreRetried) {
  for (const AttemptClass outcome :
       {AttemptClass::kAccepted, AttemptClass::kRefused, AttemptClass::kRefusedAccount,
        AttemptClass::kAmbiguous, AttemptClass::kInProgress}) {
    EXPECT_EQ(PostsOfARun(Result(outcome)), 1);
  }
}

TEST(RetryPolicyTest, UncountedPostsDoNotRestoreCountedOnes) {
  const RetryPolicy policy({});
  RunTally tally = {.posts_counted = 4};
  const AttemptResult limited = Result(AttemptClass::kRefusedTransient, false);
  tally = CountPost(tally, limited);
  EXPECT_EQ(tally.posts_counted, 4);
  // A re-post that met a rate limit is not used up by what came before it.
  EXPECT_TRUE(policy.MayRetry(tally, limited));
  EXPECT_FALSE(policy.MayRetry(tally, Result(AttemptClass::kRefusedTransient)));
  EXPECT_EQ(CountPost(tally, Result(AttemptClass::kInProgress)), tally);
}

TEST(BackoffPolicyTest, WindowDoublesUpToItsMaximum) {
  constexpr uint64_t kSeed = 11;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  const auto random = NewSeededRandomSource(kSeed);
  const BackoffPolicy policy({}, random.get());
  for (int failures = -1; failures < 40; ++failures) {
    const int64_t window_s = failures <= 1 ? 1 : failures >= 6 ? 30 : int64_t{1} << (failures - 1);
    absl::Duration longest;
    for (int i = 0; i < 500; ++i) {
      const absl::Duration delay = policy.Delay(failures, std::nullopt);
      ASSERT_GE(delay, absl::ZeroDuration());
      ASSERT_LT(delay, absl::Seconds(window_s));
      longest = std::max(longest, delay);
    }
    EXPECT_GT(longest, absl::Seconds(window_s) * 0.9);
  }
}

TEST(BackoffPolicyTest, RetryAfterIsAFloorUnderTheJitter) {
  const auto random = NewSeededRandomSource(11);
  const BackoffPolicy policy({}, random.get());
  for (int i = 0; i < 200; ++i) {
    const absl::Duration delay = policy.Delay(1, absl::Seconds(60));
    ASSERT_GE(delay, absl::Seconds(60));
    ASSERT_LT(delay, absl::Seconds(61));
  }
}

TEST(BackoffPolicyTest, InProgressWaitsAsLongAsItIsTold) {
  EXPECT_EQ(InProgressDelay(std::nullopt, 0), absl::Seconds(2));
  EXPECT_EQ(InProgressDelay(absl::Seconds(9), 0), absl::Seconds(9));
  // "At once", for ever, is not taken at its word.
  EXPECT_EQ(InProgressDelay(absl::ZeroDuration(), 0), absl::Seconds(1));
  EXPECT_EQ(InProgressDelay(absl::ZeroDuration(), 1), absl::Seconds(2));
  EXPECT_EQ(InProgressDelay(std::nullopt, 2), absl::Seconds(4));
  EXPECT_EQ(InProgressDelay(absl::ZeroDuration(), 1000), absl::Seconds(8));
}

}  // namespace
}  // namespace genledger
