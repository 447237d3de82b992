// The benchmark as a user runs it, with tiny loads: everything works end to end. What it measures
// is not looked at.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "tests/bench/process_usage.h"
#include "tests/storage/private_postgres.h"

namespace genledger::bench {
namespace {

using nlohmann::json;

constexpr absl::Duration kDeadline = absl::Minutes(4);

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The benchmark with its own directory and output files.
class BenchTest : public testing::Test {
 protected:
  BenchTest() { std::filesystem::create_directories(directory_); }
  ~BenchTest() override {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
  }

  void Start(std::vector<std::string> flags) {
    flags.insert(flags.begin(), {"tests/bench/bench", "--quick", "--directory=" + directory_,
                                 "--json=" + json_, "--plot=" + plot_});
    std::vector<char*> argv;
    for (std::string& flag : flags) {
      argv.push_back(flag.data());
    }
    argv.push_back(nullptr);
    pid_ = fork();
    ASSERT_GE(pid_, 0);
    if (pid_ == 0) {
      dup2(creat(out_.c_str(), 0600), STDOUT_FILENO);
      dup2(creat(err_.c_str(), 0600), STDERR_FILENO);
      execv(argv.front(), argv.data());
      _exit(127);
    }
  }

  // Its exit code.
  int Wait() {
    int status = 0;
    waitpid(std::exchange(pid_, 0), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  // The running server; waits until there is one that answers.
  pid_t AwaitServer() {
    const absl::Time deadline = absl::Now() + kDeadline;
    while (ReadFile(err_).find("GET, 1 in flight") == std::string::npos) {
      if (absl::Now() > deadline) {
        ADD_FAILURE() << "no load: " << ReadFile(err_);
        return 0;
      }
      absl::SleepFor(absl::Milliseconds(1));
    }
    for (const pid_t child : WithChildren(pid_)) {
      std::error_code gone;
      const auto program =
          std::filesystem::read_symlink("/proc/" + std::to_string(child) + "/exe", gone);
      if (!gone && program.filename() == "genledger") {
        return child;
      }
    }
    ADD_FAILURE() << "no server";
    return 0;
  }

  bool LeftNothing() const { return std::filesystem::is_empty(directory_); }

  const std::string name_ = testing::UnitTest::GetInstance()->current_test_info()->name();
  const std::string directory_ = testing::TempDir() + "/" + name_;
  const std::string json_ = directory_ + ".json";
  const std::string plot_ = directory_ + ".svg";
  const std::string out_ = directory_ + ".out";
  const std::string err_ = directory_ + ".err";
  pid_t pid_ = 0;
};

std::set<std::string> OperationsOf(const json& report, const std::string& setup,
                                   std::optional<int> concurrency) {
  std::set<std::string> operations;
  for (const json& measurement : report["measurements"]) {
    const json wanted = concurrency.has_value() ? json(*concurrency) : json();
    if (measurement["setup"] == setup && measurement["concurrency"] == wanted) {
      operations.insert(measurement["operation"]);
    }
  }
  return operations;
}

TEST_F(BenchTest, MeasuresEverything) {
  const bool postgresql = PrivatePostgres::IsInstalled();
  Start({postgresql ? "--store=sqlite,postgresql" : "--store=sqlite"});
  ASSERT_EQ(Wait(), 0) << ReadFile(err_);
  EXPECT_TRUE(LeftNothing());

  const json report = json::parse(ReadFile(json_));
  const std::set<std::string> operations = {
      "NEW", "NEW, request_id", "DUPLICATE", "DUPLICATE, request_id", "GET", "LIST", "WATCH"};
  std::set<std::string> setups = {"sqlite"};
  if (postgresql) {
    setups.insert("postgresql, 1 replica");
    EXPECT_EQ(OperationsOf(report, "postgresql, 2 replicas", 4),
              (std::set<std::string>{"NEW", "DUPLICATE", "GET"}));
  }
  for (const std::string& setup : setups) {
    EXPECT_EQ(OperationsOf(report, setup, 1), operations) << setup;
    EXPECT_EQ(OperationsOf(report, setup, 4), operations) << setup;
    EXPECT_EQ(OperationsOf(report, setup, std::nullopt), operations) << setup;
  }
  for (const json& measurement : report["measurements"]) {
    EXPECT_GT(measurement["calls"], 0) << measurement;
    EXPECT_GT(measurement["cpu_us_per_call"], 0) << measurement;
    EXPECT_GT(measurement["latency"]["p99.9_ms"], 0) << measurement;
    const bool of_loop = measurement["setup"] != "limit" && !measurement["concurrency"].is_null();
    EXPECT_EQ(measurement["limit"].is_object(), of_loop) << measurement;
    if (measurement["setup"] == "sqlite" && measurement["operation"] == "NEW") {
      EXPECT_GT(measurement["log_syncs_per_call"], 0) << measurement;
    }
    if (measurement["setup"] == "sqlite" && measurement["operation"] == "NEW" && of_loop) {
      EXPECT_EQ(measurement["limit"]["name"], "echo + POST + commits");
    }
  }
  std::set<std::string> figures;
  for (const json& figure : report["figures"]) {
    figures.insert(figure["group"].get<std::string>() + ": " + figure["name"].get<std::string>());
  }
  for (const char* figure :
       {"peak memory: sqlite, after these loads",
        "one call at a time: syncs of the log for each NEW",
        "one call at a time: NEW without upstream and syncs, mean",
        "100 in flight, upstream takes 500ms: resident",
        "100 in flight, upstream takes 500ms: threads more than with 4 in flight",
        "disk: a submission, without request_id, of 200",
        "disk: a submission, with request_id, of 200",
        "store of 1000: start to serving, file in memory, median of 2", "store of 1000: GET, CPU",
        "store of 1000: DUPLICATE, CPU", "store of 1000: LIST, first page, CPU",
        "store of 1000: claim, CPU", "20 watchers, 50 NEW/s: the watchers"}) {
    EXPECT_EQ(figures.count(figure), 1) << figure;
  }
  EXPECT_NE(ReadFile(out_).find("# server: --insecure"), std::string::npos);
  EXPECT_NE(ReadFile(plot_).find("</svg>"), std::string::npos);
}

TEST_F(BenchTest, MeasuresOnlyWhatIsAskedFor) {
  Start({"--only=disk"});
  ASSERT_EQ(Wait(), 0) << ReadFile(err_);
  const json report = json::parse(ReadFile(json_));
  EXPECT_TRUE(report["measurements"].empty());
  ASSERT_EQ(report["figures"].size(), 2);
  EXPECT_EQ(report["figures"][0]["group"], "disk");
}

TEST_F(BenchTest, AFailedCallFailsIt) {
  Start({"--store=sqlite", "--only=throughput"});
  kill(AwaitServer(), SIGKILL);
  EXPECT_EQ(Wait(), 1);
  EXPECT_NE(ReadFile(err_).find("calls failed; the first: "), std::string::npos) << ReadFile(err_);
  EXPECT_NE(ReadFile(out_).find("INCOMPLETE"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(json_));
  EXPECT_TRUE(LeftNothing());
}

TEST_F(BenchTest, ASignalEndsItAndAllThatItStarted) {
  Start({"--store=sqlite", "--only=throughput"});
  AwaitServer();
  std::vector<pid_t> all = WithChildren(pid_);
  EXPECT_GE(all.size(), 4);  // itself, server, simulator, echo
  kill(pid_, SIGINT);
  EXPECT_EQ(Wait(), 1);
  EXPECT_NE(ReadFile(err_).find("interrupted"), std::string::npos) << ReadFile(err_);
  EXPECT_TRUE(std::all_of(all.begin(), all.end(), [](pid_t pid) { return kill(pid, 0) != 0; }));
  EXPECT_TRUE(LeftNothing());
}

TEST_F(BenchTest, RefusesWhatItDoesNotKnow) {
  Start({"--only=thruput"});
  EXPECT_EQ(Wait(), 1);
  EXPECT_NE(ReadFile(err_).find("thruput"), std::string::npos);
  Start({"--store=postgres"});
  EXPECT_EQ(Wait(), 1);
  EXPECT_NE(ReadFile(err_).find("--store must name"), std::string::npos);
}

}  // namespace
}  // namespace genledger::bench
