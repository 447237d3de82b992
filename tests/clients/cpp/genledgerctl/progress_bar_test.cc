#include "clients/cpp/genledgerctl/progress_bar.h"

#include <gtest/gtest.h>

namespace genledger::ctl {
namespace {

TEST(ProgressBarTest, SaysHowFarHowFastAndHowLong) {
  EXPECT_EQ(
      ProgressBarText({.done = 500, .total = 1000, .failed = 3, .elapsed = absl::Seconds(42)}),
      "[##########..........]  50%  500 of 1000, 3 failed, 11/s, 42s left");
  EXPECT_EQ(ProgressBarText({.done = 0, .total = 7, .elapsed = absl::Seconds(1)}),
            "[....................]   0%  0 of 7");
  EXPECT_EQ(ProgressBarText({.done = 7, .total = 7, .elapsed = absl::Seconds(10)}),
            "[####################] 100%  7 of 7, 0.7/s");
}

TEST(ProgressBarTest, KnowsNoEndOfStandardInputAndTakesAFileThatGrew) {
  EXPECT_EQ(ProgressBarText({.done = 3, .elapsed = absl::Seconds(1)}), "3 done, 3.0/s");
  EXPECT_EQ(ProgressBarText({.done = 8, .total = 7, .elapsed = absl::Seconds(1)}),
            "[####################] 100%  8 of 8, 8.0/s");
  EXPECT_EQ(ProgressBarText({.done = 0, .total = 0}), "0 done");
}

}  // namespace
}  // namespace genledger::ctl
