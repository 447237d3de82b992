// genledger: the server.

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/flags/usage_config.h"
#include "absl/strings/match.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "service/server/server.h"
#include "service/server/server_config.h"

namespace {

constexpr char kUsage[] =
    "A ledger for paid generations: submits each one upstream once, and remembers what became of "
    "it.\n"
    "  genledger --insecure --store=sqlite:ledger.db --upstream_url=https://… "
    "--upstream_api_key_file=FILE";

// Takes SIGTERM and SIGINT from the first moment on: before the server serves they end the process
// at once (nothing is lost: a start can be cut anywhere), afterwards they are waited for.
class Signals {
 public:
  // Before any thread starts, so that every thread inherits the mask.
  Signals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGTERM);
    sigaddset(&set_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    std::thread([this] { Take(); }).detach();
  }

  void ServingNow() { serving_ = true; }
  void Wait() { taken_.WaitForNotification(); }

 private:
  void Take() {
    int number = 0;
    sigwait(&set_, &number);
    if (!serving_) {
      _exit(128 + number);
    }
    taken_.Notify();
  }

  sigset_t set_;
  std::atomic<bool> serving_{false};
  absl::Notification taken_;
};

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "genledger: %s\n", std::string(status.message()).c_str());
  return EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
  // Abseil looks for deadlocks at every lock unless told not to: one instruction in twenty of a
  // read. ThreadSanitizer looks for them in the tests.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  static Signals signals;  // outlives its thread
  signal(SIGPIPE, SIG_IGN);
  // A connection that waits, to a caller or to the upstream, is a descriptor: as many as the system
  // lets us have.
  rlimit descriptors{};
  if (getrlimit(RLIMIT_NOFILE, &descriptors) == 0) {
    descriptors.rlim_cur = descriptors.rlim_max;
    setrlimit(RLIMIT_NOFILE, &descriptors);
  }

  absl::SetProgramUsageMessage(kUsage);
  absl::FlagsUsageConfig usage;
  // --help shows the flags of this program, not those of its libraries.
  usage.contains_helpshort_flags = [](absl::string_view file) {
    return absl::StrContains(file, "service/server/");
  };
  usage.contains_help_flags = usage.contains_helpshort_flags;
  absl::SetFlagsUsageConfig(usage);
  const std::vector<char*> rest = absl::ParseCommandLine(argc, argv);
  if (rest.size() > 1) {
    return Fail(absl::InvalidArgumentError(std::string("unexpected argument ") + rest[1]));
  }

  absl::StatusOr<genledger::ServerConfig> config = genledger::ConfigFromFlags();
  if (!config.ok()) {
    return Fail(config.status());
  }
  absl::StatusOr<std::unique_ptr<genledger::Server>> server =
      genledger::Server::Start(*std::move(config));
  if (!server.ok()) {
    return Fail(server.status());
  }
  signals.ServingNow();
  std::printf("genledger listening on port %d\n", (*server)->port());
  std::fflush(stdout);

  signals.Wait();
  return (*server)->Drain() ? EXIT_SUCCESS : EXIT_FAILURE;
}
