// A replica whose clock is hours from the store's, on which leases and due times are counted.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

#include "service/dispatch/dispatcher.h"
#include "tests/service/dispatch/dispatch_harness.h"
#include "tests/storage/store_calls.h"
#include "tests/storage/store_requests.h"

namespace genledger {
namespace {

using enum SubmissionState;

class ClockSkewTest : public ::testing::TestWithParam<absl::Duration> {
 protected:
  ClockSkewTest() {
    h_.store_clock.SetAhead(GetParam());
    h_.dispatcher.Start();
  }

  // Claimed at once.
  SubmissionId Submit() {
    const NewSubmission request = MakeRequest(h_.ids.Next(h_.clock.Now()), "a cat");
    std::optional<Dispatcher::Slot> slot = h_.dispatcher.Reserve().slot;
    absl::StatusOr<SubmitOutcome> outcome =
        CallSubmit(h_.store, {.request = request, .claim = h_.dispatcher.MakeClaim(*slot)});
    h_.dispatcher.Launch(outcome->submission, *outcome->started_attempt, *std::move(slot));
    return request.id;
  }

  DispatchHarness h_{100, {}, kNeverOpens, absl::Seconds(30)};
};

TEST_P(ClockSkewTest, PostIsBegunAndGivenUpBeforeItsLeaseEnds) {
  const absl::Time submitted = h_.clock.Now();
  Submit();
  ASSERT_EQ(h_.upstream.posts(), 1U);
  EXPECT_LE(h_.upstream.request(0).start_by, submitted + absl::Seconds(30));
  EXPECT_GT(h_.upstream.request(0).start_by, submitted + absl::Seconds(29));
  EXPECT_LE(h_.upstream.request(0).deadline, submitted + absl::Seconds(60));
  EXPECT_GT(h_.upstream.request(0).deadline, submitted + absl::Seconds(59));
}

TEST_P(ClockSkewTest, RetryComesNoSoonerThanTheUpstreamAllowsAndNotMuchLater) {
  const SubmissionId id = Submit();
  AttemptResult limited = RateLimited();
  limited.retry_after = absl::Seconds(20);
  h_.upstream.Answer(0, limited);
  EXPECT_EQ(h_.Record(id).state, kPending);
  h_.timers.AdvanceBy(absl::Seconds(20) - absl::Milliseconds(1));
  EXPECT_EQ(h_.upstream.posts(), 1U);
  h_.timers.AdvanceBy(absl::Seconds(15));
  ASSERT_EQ(h_.upstream.posts(), 2U);
  h_.upstream.Answer(1, AcceptedAs("task-1"));
  EXPECT_EQ(h_.Record(id).state, kSubmitted);
}

TEST_P(ClockSkewTest, WorkThatIsNotDueIsNotAskedForAgainAndAgain) {
  Submit();
  AttemptResult limited = RateLimited();
  limited.retry_after = absl::Minutes(5);
  h_.upstream.Answer(0, limited);
  const int before = h_.store.claims();
  h_.timers.AdvanceBy(absl::Minutes(4));
  EXPECT_LE(h_.store.claims() - before, 9);  // the reconciler's
}

TEST_P(ClockSkewTest, LeaseEndsWhenItWouldAndALateAnswerIsKept) {
  const SubmissionId id = Submit();
  h_.timers.AdvanceBy(absl::Seconds(89));
  EXPECT_EQ(h_.Record(id).state, kDispatching);
  h_.timers.AdvanceBy(absl::Seconds(32));
  EXPECT_EQ(h_.Record(id).state, kOutcomeUnknown);
  EXPECT_EQ(h_.upstream.posts(), 1U);
  h_.upstream.Answer(0, AcceptedAs("task-1"));
  EXPECT_EQ(h_.Record(id).state, kSubmitted);
  EXPECT_EQ(h_.Record(id).task_id, TaskId("task-1"));
}

INSTANTIATE_TEST_SUITE_P(Skews, ClockSkewTest,
                         testing::Values(absl::ZeroDuration(), absl::Hours(5), -absl::Hours(5),
                                         absl::Hours(24 * 400)));

}  // namespace
}  // namespace genledger
