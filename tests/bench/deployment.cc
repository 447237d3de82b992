#include "tests/bench/deployment.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "service/base/status_macros.h"

namespace genledger::bench {
namespace {

constexpr absl::Duration kStartPatience = absl::Minutes(1);
// The server finishes the POSTs that are out.
constexpr absl::Duration kStopPatience = absl::Minutes(2);

// A program or library that Bazel has built for this one: below the working directory of bazel run
// and bazel test, beside the executable otherwise.
std::string Runfile(const std::string& path) {
  if (std::filesystem::exists(path)) {
    return std::filesystem::absolute(path).string();
  }
  return std::filesystem::read_symlink("/proc/self/exe").string() + ".runfiles/genledger/" + path;
}

// Mapped for as long as this process lives: programs come and go, and there are few of them.
absl::StatusOr<const SyncCounts*> MakeSyncCounts(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || ftruncate(fd, sizeof(SyncCounts)) != 0) {
    return absl::UnavailableError(absl::StrCat("cannot make ", path));
  }
  void* const counts = mmap(nullptr, sizeof(SyncCounts), PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  if (counts == MAP_FAILED) {
    return absl::UnavailableError(absl::StrCat("cannot map ", path));
  }
  return static_cast<const SyncCounts*>(counts);
}

}  // namespace

std::string Program::address() const { return absl::StrCat("127.0.0.1:", port_); }

absl::Status Program::AwaitOutput(const std::string& text) {
  return process_->AwaitOutput(text, kStartPatience);
}

absl::Status Program::Stop() { return process_->Stop(kStopPatience); }

std::string Deployment::NewFile(const std::string& name) {
  return directory_->File(absl::StrCat(++files_, "_", name));
}

absl::StatusOr<std::unique_ptr<Program>> Deployment::Start(const std::string& name,
                                                           ChildCommand command,
                                                           const std::string& port_file,
                                                           const SyncCounts* syncs) {
  command.log_path = NewFile(name + ".log");
  const absl::Time start = absl::Now();
  GL_ASSIGN_OR_RETURN(std::unique_ptr<ChildProcess> process, ChildProcess::Start(command));
  GL_ASSIGN_OR_RETURN(const int port, process->AwaitPort(port_file, kStartPatience));
  return std::make_unique<Program>(std::move(process), port, absl::Now() - start, syncs);
}

absl::StatusOr<std::unique_ptr<Program>> Deployment::StartSimulator(const SimulatorPlan& plan) {
  const std::string port_file = NewFile("simulator.port");
  std::vector<std::string> arguments = {"--listen=127.0.0.1:0", "--port_file=" + port_file,
                                        "--latency=" + absl::FormatDuration(plan.latency),
                                        absl::StrCat("--api_keys=", kApiKey)};
  if (!plan.script.empty()) {
    const std::string script = NewFile("script");
    std::ofstream(script) << plan.script << "\n";
    arguments.push_back("--script=" + script);
  }
  return Start("simulator",
               {.program = Runfile("tests/upstream_simulator/upstream_simulator_main"),
                .arguments = arguments},
               port_file, nullptr);
}

std::vector<std::string> Deployment::SecurityFlags(const Identity* identity) {
  if (identity == nullptr) {
    return {"--insecure", "--access_log=false"};
  }
  const std::string certificate = NewFile("certificate");
  const std::string key = NewFile("certificate-key");
  const std::string tokens = NewFile("tokens");
  std::ofstream(certificate) << identity->certificate;
  std::ofstream(key) << identity->key;
  std::ofstream(tokens) << identity->token_line << "\n";
  return {"--tls_certificate_file=" + certificate, "--tls_key_file=" + key,
          "--tokens_file=" + tokens, "--access_log=true"};
}

absl::StatusOr<std::unique_ptr<Program>> Deployment::StartServer(const ServerPlan& plan) {
  const std::string port_file = NewFile(plan.name + ".port");
  const std::string key_file = NewFile("key");
  std::ofstream(key_file) << kApiKey << "\n";
  ChildCommand command{
      .program = Runfile("service/server/genledger"),
      .arguments = {"--listen=127.0.0.1:0", "--http_listen=", "--port_file=" + port_file,
                    "--store=" + plan.store, "--replica=" + plan.name,
                    "--receipt_journal=" + NewFile("receipts"),
                    "--upstream_url=http://" + plan.upstream_address,
                    // Another simulator, on another port, is the same account.
                    "--upstream_account=bench", "--upstream_api_key_file=" + key_file}};
  for (std::string& flag : SecurityFlags(plan.identity)) {
    command.arguments.push_back(std::move(flag));
  }
  const SyncCounts* syncs = nullptr;
  if (plan.count_syncs) {
    const std::string counts = NewFile("syncs");
    GL_ASSIGN_OR_RETURN(syncs, MakeSyncCounts(counts));
    command.environment = {"LD_PRELOAD=" + Runfile("tests/bench/libsync_counter.so"),
                           absl::StrCat(kSyncCountsVariable, "=", counts)};
  }
  GL_ASSIGN_OR_RETURN(std::unique_ptr<Program> server,
                      Start(plan.name, std::move(command), port_file, syncs));
  // Until then SIGTERM would end it without a drain.
  GL_RETURN_IF_ERROR(server->AwaitOutput("listening on port"));
  return server;
}

absl::StatusOr<std::unique_ptr<Program>> Deployment::StartEcho() {
  const std::string port_file = NewFile("echo.port");
  return Start("echo",
               {.program = Runfile("tests/bench/limits/echo_server"), .arguments = {port_file}},
               port_file, nullptr);
}

}  // namespace genledger::bench
