#include "service/upstream/api_key_file.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <optional>
#include <string>

#include "tests/fakes/manual_clock.h"
#include "tests/fakes/manual_timer_queue.h"
#include "tests/fakes/recording_logger.h"

namespace genledger {
namespace {

class ApiKeyFileTest : public ::testing::Test {
 protected:
  ApiKeyFileTest() {
    Write("sk-first");
    file_.emplace(path_, *MakeUpstreamCredentials({*ReadApiKeyFile(path_)}),
                  ApiKeyFile::Collaborators{&timers_, &clock_, &logger_});
    file_->Start();
  }
  ~ApiKeyFileTest() override { timers_.Stop(); }

  void Write(const std::string& text) { std::ofstream(path_, std::ios::binary) << text; }
  std::string Key() { return std::string(file_->credentials()->front().api_key.Reveal()); }

  const std::string path_ = ::testing::TempDir() + "api_key_file_test_key";
  fakes::ManualClock clock_;
  fakes::ManualTimerQueue timers_{&clock_};
  fakes::RecordingLogger logger_;
  std::optional<ApiKeyFile> file_;
};

TEST_F(ApiKeyFileTest, AFileThatDoesNotChangeKeepsItsCredentials) {
  const UpstreamCredentials before = file_->credentials();
  timers_.AdvanceBy(absl::Hours(1));
  EXPECT_EQ(file_->credentials(), before);
  EXPECT_EQ(logger_.CountOf("api_key_changed"), 0);
}

TEST_F(ApiKeyFileTest, AChangeIsSeenWithinTwoSeconds) {
  Write("  sk-second\n");
  EXPECT_EQ(Key(), "sk-first");
  timers_.AdvanceBy(absl::Seconds(2));
  EXPECT_EQ(Key(), "sk-second");
  EXPECT_EQ(logger_.CountOf("api_key_changed"), 1);
}

TEST_F(ApiKeyFileTest, AFileThatCannotBeUsedChangesNothingAndIsLoggedOnce) {
  for (const std::string& text :
       {std::string(), std::string("two words"), std::string(70'000, 'k')}) {
    Write(text);
    timers_.AdvanceBy(absl::Minutes(1));
    EXPECT_EQ(Key(), "sk-first");
  }
  std::remove(path_.c_str());
  timers_.AdvanceBy(absl::Minutes(1));
  EXPECT_EQ(Key(), "sk-first");
  EXPECT_EQ(logger_.CountOf("api_key_file_unusable"), 1);
  Write("sk-third");
  timers_.AdvanceBy(absl::Seconds(2));
  EXPECT_EQ(Key(), "sk-third");
}

}  // namespace
}  // namespace genledger
