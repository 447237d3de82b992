#include "service/dispatch/readiness.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/service/dispatch/dispatch_harness.h"

namespace genledger {
namespace {

class ReadinessTest : public ::testing::Test {
 protected:
  DispatchHarness h_;
  std::vector<bool> told_;
  Readiness readiness_{
      {},
      {.store = &h_.store, .timers = &h_.timers, .clock = &h_.clock, .logger = &h_.logger},
      [this](bool ready) { told_.push_back(ready); }};
};

TEST_F(ReadinessTest, IsReadyFromItsStartOn) {
  EXPECT_FALSE(readiness_.ready());
  EXPECT_EQ(readiness_.not_ready_reason(), "this server is starting");
  readiness_.Start();
  h_.timers.AdvanceBy(absl::Minutes(5));
  EXPECT_TRUE(readiness_.ready());
  EXPECT_EQ(readiness_.not_ready_reason(), "");
  EXPECT_EQ(told_, std::vector<bool>{true});
}

TEST_F(ReadinessTest, AStoreThatFailsForLessThanHalfAMinuteChangesNothing) {
  readiness_.Start();
  h_.store.FailHealth(true);
  h_.timers.AdvanceBy(absl::Seconds(29));
  h_.store.FailHealth(false);
  h_.timers.AdvanceBy(absl::Minutes(5));
  EXPECT_EQ(told_, std::vector<bool>{true});
}

TEST_F(ReadinessTest, AStoreThatFailsForLongEndsItUntilItAnswersAgain) {
  readiness_.Start();
  h_.store.FailHealth(true);
  h_.timers.AdvanceBy(absl::Seconds(31));
  EXPECT_FALSE(readiness_.ready());
  EXPECT_EQ(readiness_.not_ready_reason(), "the store: it is a standby");
  h_.store.FailHealth(false);
  h_.timers.AdvanceBy(absl::Seconds(5));
  EXPECT_TRUE(readiness_.ready());
  EXPECT_EQ(told_, (std::vector<bool>{true, false, true}));
}

// A commit that waits for a standby that never comes.
TEST_F(ReadinessTest, AStoreThatIsSilentForLongEndsItUntilItAnswers) {
  readiness_.Start();
  h_.store.HoldHealth();
  h_.timers.AdvanceBy(absl::Seconds(29));
  EXPECT_TRUE(readiness_.ready());
  h_.timers.AdvanceBy(absl::Seconds(2));
  EXPECT_FALSE(readiness_.ready());
  EXPECT_EQ(readiness_.not_ready_reason(), "the store does not answer");
  h_.store.ReleaseHealth();
  EXPECT_TRUE(readiness_.ready());
  EXPECT_EQ(told_, (std::vector<bool>{true, false, true}));
}

TEST_F(ReadinessTest, DrainingEndsItForGood) {
  readiness_.Start();
  readiness_.Drain();
  EXPECT_FALSE(readiness_.ready());
  h_.timers.AdvanceBy(absl::Minutes(5));
  EXPECT_EQ(readiness_.not_ready_reason(), "this server is shutting down");
  EXPECT_EQ(told_, (std::vector<bool>{true, false}));
}

}  // namespace
}  // namespace genledger
