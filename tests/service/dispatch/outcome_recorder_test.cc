#include "service/dispatch/outcome_recorder.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

#include "tests/service/dispatch/dispatch_harness.h"
#include "tests/storage/store_calls.h"
#include "tests/storage/store_requests.h"

namespace genledger {
namespace {

class OutcomeRecorderTest : public ::testing::Test {
 protected:
  // Claimed, and out.
  SubmitOutcome StartOne() {
    absl::StatusOr<SubmitOutcome> outcome = CallSubmit(
        *h_.memory,
        {.request = MakeRequest(h_.ids.Next(h_.clock.Now()), "a cat"), .claim = MakeClaim()});
    EXPECT_TRUE(outcome.ok());
    return *std::move(outcome);
  }

  DispatchHarness h_;
  OutcomeRecorder recorder_{{.store = &h_.store,
                             .journal = h_.journal.get(),
                             .timers = &h_.timers,
                             .clock = &h_.clock,
                             .logger = &h_.logger}};
};

// As if the store had been put back to an earlier state while it was away: what is in the journal
// is then the only proof of what was paid for.
TEST_F(OutcomeRecorderTest, AnAcceptanceThatIsFencedOffAndNotInTheRecordKeepsItsReceipt) {
  const SubmitOutcome started = StartOne();
  FinishAttempt finish = MakeAccepted(*started.started_attempt, "task-1");
  ++finish.epoch;
  h_.store.FailApplies(true);
  std::optional<Submission> told;
  recorder_.Record(started.submission.id, finish,
                   [&](std::optional<Submission> stored) { told = std::move(stored); });
  ASSERT_EQ(h_.journal->pending_count(), 1);
  h_.store.FailApplies(false);
  h_.timers.AdvanceBy(absl::Seconds(1));
  ASSERT_TRUE(told.has_value());
  EXPECT_TRUE(told->task_id.empty());
  EXPECT_EQ(h_.journal->pending_count(), 1);
}

}  // namespace
}  // namespace genledger
