#include "service/base/watched_files.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "tests/fakes/manual_clock.h"
#include "tests/fakes/manual_timer_queue.h"
#include "tests/fakes/recording_logger.h"

namespace genledger {
namespace {

class WatchedFilesTest : public ::testing::Test {
 protected:
  WatchedFilesTest() {
    Write(first_, "1");
    Write(second_, "one");
    files_ = *Open();
    files_->Start();
  }
  ~WatchedFilesTest() override { timers_.Stop(); }

  static void Write(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
  }
  absl::StatusOr<std::unique_ptr<WatchedFiles>> Open() {
    return WatchedFiles::Open({.name = "pair", .paths = {first_, second_}, .bytes_max = 64},
                              [this](const std::vector<std::string>& texts) {
                                ++loads_;
                                if (absl::StartsWith(texts[0], "bad")) {
                                  return absl::InvalidArgumentError("it is bad");
                                }
                                loaded_ = texts[0] + "/" + texts[1];
                                return absl::OkStatus();
                              },
                              {.timers = &timers_, .clock = &clock_, .logger = &logger_});
  }
  void PassLooks(int count) { timers_.AdvanceBy(count * WatchedFiles::kInterval); }

  const std::string first_ = ::testing::TempDir() + "watched_first";
  const std::string second_ = ::testing::TempDir() + "watched_second";
  fakes::ManualClock clock_;
  fakes::ManualTimerQueue timers_{&clock_};
  fakes::RecordingLogger logger_;
  int loads_ = 0;
  std::string loaded_;
  std::unique_ptr<WatchedFiles> files_;
};

TEST_F(WatchedFilesTest, AChangeOfAnyIsLoadedOnce) {
  EXPECT_EQ(loaded_, "1/one");
  PassLooks(10);
  EXPECT_EQ(loads_, 1);
  Write(second_, "two");
  PassLooks(1);
  EXPECT_EQ(loaded_, "1/two");
  PassLooks(10);
  EXPECT_EQ(loads_, 2);
  EXPECT_EQ(logger_.CountOf("file_reloaded"), 1);
}

TEST_F(WatchedFilesTest, WhatIsRefusedChangesNothingAndIsLoggedOnce) {
  Write(first_, "bad");
  PassLooks(10);
  EXPECT_EQ(loaded_, "1/one");
  EXPECT_EQ(logger_.CountOf("file_unusable"), 1);
  Write(first_, "bad as well");
  PassLooks(10);
  EXPECT_EQ(logger_.CountOf("file_unusable"), 2);
  Write(first_, "2");
  PassLooks(1);
  EXPECT_EQ(loaded_, "2/one");
  EXPECT_EQ(logger_.CountOf("file_reloaded"), 1);
}

TEST_F(WatchedFilesTest, FilesThatAreReplacedOneAfterTheOtherAreNoFault) {
  Write(first_, "bad");
  PassLooks(1);
  Write(first_, "2");
  PassLooks(10);
  EXPECT_EQ(loaded_, "2/one");
  EXPECT_EQ(logger_.CountOf("file_unusable"), 0);
}

TEST_F(WatchedFilesTest, AFileThatIsGoneOrTooLongChangesNothing) {
  std::remove(first_.c_str());
  PassLooks(10);
  Write(first_, std::string(65, 'x'));
  PassLooks(10);
  EXPECT_EQ(loaded_, "1/one");
  EXPECT_EQ(logger_.CountOf("file_unusable"), 2);
  Write(first_, "1");
  PassLooks(10);
  EXPECT_EQ(logger_.CountOf("file_reloaded"), 0);  // it is what it was
}

TEST_F(WatchedFilesTest, AStartNeedsGoodFiles) {
  Write(first_, "bad");
  EXPECT_EQ(Open().status().message(), "it is bad");
  std::remove(first_.c_str());
  EXPECT_TRUE(absl::StrContains(Open().status().message(), first_));
}

}  // namespace
}  // namespace genledger
