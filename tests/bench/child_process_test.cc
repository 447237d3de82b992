#include "tests/bench/child_process.h"

#include <signal.h>

#include <fstream>
#include <iterator>
#include <memory>

#include "gtest/gtest.h"

namespace genledger::bench {
namespace {

constexpr absl::Duration kPatience = absl::Minutes(1);

class ChildProcessTest : public testing::Test {
 protected:
  // A child that runs a script, in which $PORT is port_file_.
  std::unique_ptr<ChildProcess> StartScript(const std::string& script) {
    absl::StatusOr<std::unique_ptr<ChildProcess>> child =
        ChildProcess::Start({.program = "/bin/sh",
                             .arguments = {"-c", script},
                             .environment = {"PORT=" + port_file_},
                             .log_path = log_});
    EXPECT_TRUE(child.ok()) << child.status();
    return *std::move(child);
  }

  std::string Log() const {
    std::ifstream file(log_);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  const std::string name_ = testing::UnitTest::GetInstance()->current_test_info()->name();
  const std::string port_file_ = testing::TempDir() + "/" + name_ + ".port";
  const std::string log_ = testing::TempDir() + "/" + name_ + ".log";
};

TEST_F(ChildProcessTest, TellsThePortOnceItServes) {
  const auto child = StartScript("echo 4711 >$PORT.new; mv $PORT.new $PORT; exec sleep 600");
  const absl::StatusOr<int> port = child->AwaitPort(port_file_, kPatience);
  ASSERT_TRUE(port.ok()) << port.status();
  EXPECT_EQ(*port, 4711);
}

TEST_F(ChildProcessTest, SaysWhyItDidNotStart) {
  const auto child = StartScript("echo the disk is on fire; exit 1");
  const absl::Status status = child->AwaitPort(port_file_, kPatience).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(status.message().find("the disk is on fire"), absl::string_view::npos) << status;
}

TEST_F(ChildProcessTest, AProgramThatDoesNotExistDoesNotStart) {
  const auto child = ChildProcess::Start({.program = "/no/such/program", .log_path = log_});
  ASSERT_TRUE(child.ok());
  EXPECT_EQ((*child)->AwaitPort(port_file_, kPatience).status().code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(ChildProcessTest, StopLetsItEndInOrder) {
  const auto child = StartScript(
      "trap 'echo bye; kill $!; exit 0' TERM; sleep 600 & echo 1 >$PORT.new; mv $PORT.new $PORT; "
      "wait");
  ASSERT_TRUE(child->AwaitPort(port_file_, kPatience).ok());
  EXPECT_EQ(child->Stop(kPatience), absl::OkStatus());
  EXPECT_EQ(Log(), "bye\n");
}

TEST_F(ChildProcessTest, StopTellsOfAFailure) {
  const auto child = StartScript(
      "trap 'echo it leaks; kill $!; exit 3' TERM; sleep 600 & echo 1 >$PORT.new; "
      "mv $PORT.new $PORT; wait");
  ASSERT_TRUE(child->AwaitPort(port_file_, kPatience).ok());
  const absl::Status status = child->Stop(kPatience);
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_NE(status.message().find("it leaks"), absl::string_view::npos) << status;
}

TEST_F(ChildProcessTest, StopDoesNotWaitForEver) {
  const auto child = StartScript(
      "trap '' TERM; echo 1 >$PORT.new; mv $PORT.new $PORT; while true; do sleep 0.1; done");
  ASSERT_TRUE(child->AwaitPort(port_file_, kPatience).ok());
  EXPECT_EQ(child->Stop(absl::Milliseconds(50)).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_NE(kill(child->pid(), 0), 0);
}

TEST_F(ChildProcessTest, EndsWithItsObject) {
  auto child = StartScript("exec sleep 600");
  const pid_t pid = child->pid();
  EXPECT_EQ(kill(pid, 0), 0);
  child.reset();
  EXPECT_NE(kill(pid, 0), 0);
}

}  // namespace
}  // namespace genledger::bench
