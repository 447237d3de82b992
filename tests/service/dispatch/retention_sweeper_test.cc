#include "service/dispatch/retention_sweeper.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "service/base/errors.h"
#include "service/base/ids.h"
#include "service/base/random_source.h"
#include "tests/fakes/manual_clock.h"
#include "tests/fakes/manual_timer_queue.h"
#include "tests/fakes/recording_logger.h"
#include "tests/storage/fake_workflow_store.h"
#include "tests/storage/store_calls.h"
#include "tests/storage/store_requests.h"

namespace genledger {
namespace {

class RetentionSweeperTest : public testing::Test {
 protected:
  RetentionSweeperTest() { sweeper_.Start(); }
  ~RetentionSweeperTest() override { timers_.Stop(); }

  // A finished submission under this request_id.
  void AddFinished(const std::string& request_id) {
    NewSubmission request = MakeRequest(ids_.Next(clock_.Now()), request_id);
    request.request_id = request_id;
    ASSERT_TRUE(CallSubmit(*store_, {.request = request}).ok());
    ASSERT_TRUE(CallCancel(*store_, {.key = request.id}).ok());
  }
  int64_t Finished() { return CallCount(*store_).value().Of(SubmissionState::kCancelled); }
  absl::Status Repeat(const std::string& request_id) {
    NewSubmission request = MakeRequest(ids_.Next(clock_.Now()), request_id);
    request.request_id = request_id;
    return CallSubmit(*store_, {.request = request, .may_create = false}).status();
  }

  fakes::ManualClock clock_;
  fakes::ManualTimerQueue timers_{&clock_};
  fakes::RecordingLogger logger_;
  const std::unique_ptr<RandomSource> random_ = NewSeededRandomSource(1);
  SubmissionIdGenerator ids_{random_.get()};
  const std::shared_ptr<FakeStoreState> state_ = std::make_shared<FakeStoreState>();
  const std::unique_ptr<WorkflowStore> store_ = FakeWorkflowStore::Open(state_, &clock_);
  RetentionSweeper sweeper_{{.rows_per_step = 4},
                            {.store = store_.get(),
                             .timers = &timers_,
                             .clock = &clock_,
                             .timer_clock = &clock_,
                             .logger = &logger_}};
};

TEST_F(RetentionSweeperTest, DeletesWhatIsThirtyDaysOldAndItsRequestIdsAfterNinety) {
  AddFinished("req-1");
  timers_.AdvanceBy(absl::Hours(30 * 24) - absl::Minutes(2));
  EXPECT_EQ(Finished(), 1);
  EXPECT_EQ(logger_.CountOf("purged"), 0);
  timers_.AdvanceBy(absl::Minutes(4));
  EXPECT_EQ(Finished(), 0);
  EXPECT_EQ(logger_.CountOf("purged"), 1);
  EXPECT_TRUE(absl::IsFailedPrecondition(Repeat("req-1")));
  timers_.AdvanceBy(absl::Hours(60 * 24));
  EXPECT_TRUE(Repeat("req-1").ok());
  EXPECT_EQ(logger_.CountOf("purged"), 2);
}

TEST_F(RetentionSweeperTest, ASweepGoesInSmallStepsWithPausesBetween) {
  clock_.Advance(-absl::Hours(31 * 24));
  for (int i = 0; i < 10; ++i) {
    AddFinished(absl::StrCat("req-", i));
  }
  clock_.Advance(absl::Hours(31 * 24));
  timers_.AdvanceBy(absl::Minutes(1));
  EXPECT_EQ(Finished(), 6);
  timers_.RunDue();
  EXPECT_EQ(Finished(), 6);
  timers_.AdvanceBy(absl::Milliseconds(50));
  EXPECT_EQ(Finished(), 2);
  EXPECT_EQ(logger_.CountOf("purged"), 0);
  timers_.AdvanceBy(absl::Milliseconds(50));
  EXPECT_EQ(Finished(), 0);
  EXPECT_EQ(logger_.CountOf("purged"), 1);  // one line a sweep
  EXPECT_EQ(timers_.NextTime(), clock_.Now() + absl::Minutes(1));
}

// By a clock that was set forward everything is old.
TEST_F(RetentionSweeperTest, AClockThatJumpsAheadDeletesNothing) {
  AddFinished("req-1");
  timers_.AdvanceBy(absl::Minutes(5));
  clock_.Advance(absl::Hours(100 * 24));
  timers_.AdvanceBy(absl::Minutes(10));
  EXPECT_EQ(Finished(), 1);
  EXPECT_EQ(logger_.CountOf("clock_jumped"), 1);
  // Set right again within the day.
  clock_.Advance(-absl::Hours(100 * 24));
  timers_.AdvanceBy(absl::Hours(48));
  EXPECT_EQ(Finished(), 1);
  EXPECT_TRUE(Repeat("req-1").ok());
  // It was right after all: a machine that slept.
  clock_.Advance(absl::Hours(100 * 24));
  timers_.AdvanceBy(absl::Hours(25));
  EXPECT_EQ(Finished(), 0);
}

TEST_F(RetentionSweeperTest, ASweepPassesWhatStaysHoweverMuchItIs) {
  constexpr int kOpen = 1'000;  // more than one step looks at
  clock_.Advance(-absl::Hours(31 * 24));
  for (int i = 0; i < kOpen; ++i) {
    ASSERT_TRUE(CallSubmit(*store_, {.request = MakeRequest(ids_.Next(clock_.Now()),
                                                            absl::StrCat("open ", i))})
                    .ok());
  }
  AddFinished("req-1");
  clock_.Advance(absl::Hours(31 * 24));
  timers_.AdvanceBy(absl::Minutes(1) + absl::Seconds(1));
  EXPECT_EQ(Finished(), 0);
  EXPECT_EQ(CallCount(*store_).value().Of(SubmissionState::kPending), kOpen);
  EXPECT_EQ(logger_.CountOf("purged"), 1);  // it came to its end
}

TEST_F(RetentionSweeperTest, AStoreThatIsDownIsAskedAgainAtTheNextSweep) {
  clock_.Advance(-absl::Hours(31 * 24));
  AddFinished("req-1");
  clock_.Advance(absl::Hours(31 * 24));
  state_->FailNextWrites(1, errors::StoreUnavailable("disk"));
  timers_.AdvanceBy(absl::Minutes(1));
  EXPECT_EQ(logger_.CountOf("purge_failed"), 1);
  EXPECT_EQ(Finished(), 1);
  timers_.AdvanceBy(absl::Minutes(1));
  EXPECT_EQ(Finished(), 0);
}

}  // namespace
}  // namespace genledger
