// The program: its flags, its life, and what is left after kill -9.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/upstream_simulator/wire_client.h"

namespace genledger {
namespace {

using ::testing::HasSubstr;

constexpr char kProgram[] = "tests/upstream_simulator/upstream_simulator_main";
constexpr int kPatienceMs = 20'000;

std::string TempPath(const std::string& name) { return ::testing::TempDir() + name; }

std::string Contents(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The program as a child whose stdout and stderr are read together.
class Program {
 public:
  explicit Program(std::vector<std::string> flags) {
    std::array<int, 2> ends{};
    EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    std::vector<char*> argv = {const_cast<char*>(kProgram)};
    for (std::string& flag : flags) {
      argv.push_back(flag.data());
    }
    argv.push_back(nullptr);
    EXPECT_EQ(posix_spawn(&pid_, kProgram, &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    out_ = ends[0];
  }
  ~Program() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      Wait();
    }
    close(out_);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void Signal(int signal) { kill(pid_, signal); }

  // The exit status; -1 if a signal ended it.
  int Wait() {
    int status = 0;
    EXPECT_EQ(waitpid(pid_, &status, 0), pid_);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  // What it printed, up to `text` or its end.
  std::string ReadUntil(const std::string& text) {
    std::string read_so_far;
    while (read_so_far.find(text) == std::string::npos || text.empty()) {
      pollfd readable{.fd = out_, .events = POLLIN};
      std::array<char, 4096> buffer;
      if (poll(&readable, 1, kPatienceMs) != 1) {
        ADD_FAILURE() << "nothing printed after: " << read_so_far;
        break;
      }
      const ssize_t bytes = read(out_, buffer.data(), buffer.size());
      if (bytes <= 0) {
        break;
      }
      read_so_far.append(buffer.data(), static_cast<size_t>(bytes));
    }
    return read_so_far;
  }

  // Waits until it listens; its port.
  int Port() {
    const std::string head = "listening on 127.0.0.1:";
    std::string printed = ReadUntil(head);
    printed += printed.ends_with('\n') ? "" : ReadUntil("\n");
    const size_t at = printed.find(head);
    EXPECT_NE(at, std::string::npos) << printed;
    return at == std::string::npos ? 0 : std::atoi(printed.c_str() + at + head.size());
  }

 private:
  pid_t pid_ = -1;
  int out_ = -1;
};

// Runs it to its end with a fault: one line, an exit status that is not 0.
std::string FaultOf(std::vector<std::string> flags) {
  Program program(std::move(flags));
  std::string printed = program.ReadUntil("");
  EXPECT_GT(program.Wait(), 0) << printed;
  EXPECT_EQ(printed.find('\n'), printed.size() - 1) << printed;
  return printed;
}

TEST(MainTest, ServesUntilItIsToldToStop) {
  for (const int signal : {SIGTERM, SIGINT}) {
    const std::string port_file = TempPath("port");
    Program program({"--listen=127.0.0.1:0", "--port_file=" + port_file, "--seed=5"});
    const int port = program.Port();
    EXPECT_EQ(Contents(port_file), std::to_string(port) + "\n");
    WireClient client(port);
    EXPECT_EQ(client.Ask(SubmitBytes(PageExample())).status, 200);
    program.Signal(signal);
    EXPECT_EQ(program.Wait(), 0);
    EXPECT_NE(client.AwaitEnd(), WireState::kSilent);
  }
}

TEST(MainTest, FaultsAreOneClearLine) {
  EXPECT_THAT(FaultOf({"--listen=0.0.0.0:0"}), HasSubstr("loopback"));
  EXPECT_THAT(FaultOf({"--no_such_flag"}), HasSubstr("no_such_flag"));
  EXPECT_THAT(FaultOf({"--idempotency=maybe"}), HasSubstr("--idempotency must be on or off"));
  EXPECT_THAT(FaultOf({"--listen=127.0.0.1:0", "stray"}), HasSubstr("stray"));
  EXPECT_THAT(FaultOf({"--listen=127.0.0.1:0", "--tls_cert=/x"}), HasSubstr("TLS needs both"));
  EXPECT_THAT(FaultOf({"--listen=127.0.0.1:0", "--api_key_file=/nonexistent"}),
              HasSubstr("/nonexistent"));
  const std::string script = TempPath("script");
  std::ofstream(script) << "{\"status\":500}\n{\"statos\":500}\n";
  EXPECT_THAT(FaultOf({"--listen=127.0.0.1:0", "--script=" + script}),
              HasSubstr(script + ": line 2: unknown key statos"));
  Program first({"--listen=127.0.0.1:0"});
  const std::string port = std::to_string(first.Port());
  EXPECT_THAT(FaultOf({"--listen=127.0.0.1:" + port}), HasSubstr("port " + port));
}

TEST(MainTest, ScriptKeysAndIdempotencyComeFromFlags) {
  const std::string script = TempPath("script2");
  std::ofstream(script) << "{\"when\":{\"nth\":1},\"status\":500}\n";
  const std::string keys = TempPath("keys");
  std::ofstream(keys) << "from-file\npoor=402\n";
  Program program({"--listen=127.0.0.1:0", "--script=" + script, "--api_key_file=" + keys,
                   "--api_keys=a,b=403", "--idempotency=on"});
  const int port = program.Port();
  const std::string key = "Idempotency-Key: k\r\n";
  EXPECT_EQ(AskOnce(port, SubmitBytes(PageExample(), key, "a")).status, 500);
  EXPECT_EQ(AskOnce(port, SubmitBytes(PageExample(), key, "a")).status, 200);
  EXPECT_EQ(
      AskOnce(port, SubmitBytes(PageExample(), key, "a")).headers.count("idempotency-replayed"),
      1u);
  EXPECT_EQ(AskOnce(port, SubmitBytes(PageExample(), "", "b")).status, 403);
  EXPECT_EQ(AskOnce(port, SubmitBytes(PageExample(), "", "from-file")).status, 200);
  EXPECT_EQ(AskOnce(port, SubmitBytes(PageExample(), "", "poor")).status, 402);
}

TEST(MainTest, LogOutlivesTheProgramAndARestartGoesOn) {
  const std::string log = TempPath("log");
  const std::vector<std::string> flags = {"--listen=127.0.0.1:0", "--log=" + log,
                                          "--idempotency=on"};
  const std::string key = "Idempotency-Key: k\r\n";
  std::string id;
  {
    Program program(flags);
    const int port = program.Port();
    // The client never hears of the task: the log alone knows it.
    AskOnce(port, PostBytes("/_control/rules", R"({"when":{"count":1},"do":"hold"})"));
    WireClient holding(port);
    holding.Send(SubmitBytes(PageExample(), key));
    std::string line;
    while (!line.ends_with('\n')) {
      line = Contents(log);
    }
    program.Signal(SIGKILL);
    EXPECT_EQ(program.Wait(), -1);
    const nlohmann::json record = nlohmann::json::parse(Contents(log));
    EXPECT_EQ(record["accepted"], true);
    EXPECT_EQ(record["done"], "hold at body");
    id = record["task_ids"][0].get<std::string>();
  }
  Program program(flags);
  const int port = program.Port();
  EXPECT_EQ(AskOnce(port, GetBytes("/v1/tasks/" + id)).status, 200);
  EXPECT_THAT(AskOnce(port, SubmitBytes(PageExample(), key)).body, HasSubstr(id));
  EXPECT_THAT(AskOnce(port, GetBytes("/_control/log?since=1")).body, HasSubstr(R"("seq":2)"));
}

TEST(MainTest, HelpTellsTheScriptsFormat) {
  Program program({"--help"});
  const std::string printed = program.ReadUntil("");
  program.Wait();
  EXPECT_THAT(printed, HasSubstr("JSON lines"));
  EXPECT_THAT(printed, HasSubstr("--idempotency"));
  EXPECT_THAT(printed, HasSubstr("/_control/"));
}

}  // namespace
}  // namespace genledger
