// The simulated upstream as a program: see --help, script.h and control_api.h.
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/flags/usage_config.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "service/base/random_source.h"
#include "service/base/status_macros.h"
#include "tests/upstream_simulator/script.h"
#include "tests/upstream_simulator/upstream_simulator.h"

ABSL_FLAG(std::string, listen, "127.0.0.1:8090",
          "HOST:PORT of the loopback interface; port 0: any free one");
ABSL_FLAG(std::string, port_file, "", "where to write the bound port, atomically");
ABSL_FLAG(std::vector<std::string>, api_keys, {"sk-simulator"},
          "accepted API keys, comma-separated; KEY=402 or KEY=403: a key that is refused so");
ABSL_FLAG(std::string, api_key_file, "", "more API keys, one a line, in the form of --api_keys");
ABSL_FLAG(std::string, script, "", "a file of rules to misbehave by; the format is above");
ABSL_FLAG(std::string, log, "",
          "the log of POSTs, one JSON line each, appended before the answer; empty: memory only");
ABSL_FLAG(std::string, idempotency, "off", "off: Idempotency-Key is ignored; on: it is honoured");
ABSL_FLAG(absl::Duration, latency, absl::ZeroDuration(), "before every answer to a POST");
ABSL_FLAG(uint64_t, seed, 0, "of task ids and of rules with a probability; 0: a fresh one");
ABSL_FLAG(std::string, tls_cert, "", "PEM certificate chain: with it the server speaks TLS only");
ABSL_FLAG(std::string, tls_key, "", "PEM private key of --tls_cert");
ABSL_FLAG(std::string, task_life, "{}", "what becomes of tasks; the format is above");

namespace genledger {
namespace {

absl::StatusOr<std::vector<std::string>> ReadKeys() {
  std::vector<std::string> keys = absl::GetFlag(FLAGS_api_keys);
  const std::string path = absl::GetFlag(FLAGS_api_key_file);
  if (path.empty()) {
    return keys;
  }
  std::ifstream file(path);
  if (!file) {
    return absl::NotFoundError("--api_key_file=" + path + ": cannot be read");
  }
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) {
      keys.push_back(line);
    }
  }
  return keys;
}

absl::StatusOr<UpstreamSimulatorOptions> OptionsFromFlags() {
  UpstreamSimulatorOptions options;
  options.listen = absl::GetFlag(FLAGS_listen);
  GL_ASSIGN_OR_RETURN(options.api_keys, ReadKeys());
  if (const std::string path = absl::GetFlag(FLAGS_script); !path.empty()) {
    GL_ASSIGN_OR_RETURN(options.rules, ReadScriptFile(path));
  }
  options.log_path = absl::GetFlag(FLAGS_log);
  const std::string idempotency = absl::GetFlag(FLAGS_idempotency);
  if (idempotency != "on" && idempotency != "off") {
    return absl::InvalidArgumentError("--idempotency must be on or off");
  }
  options.idempotency = idempotency == "on";
  options.latency = absl::GetFlag(FLAGS_latency);
  if (options.latency < absl::ZeroDuration()) {
    return absl::InvalidArgumentError("--latency must not be negative");
  }
  options.seed = absl::GetFlag(FLAGS_seed);
  if (options.seed == 0) {
    options.seed = NewSystemRandomSource()->Next64() | 1;
  }
  options.tls_cert_path = absl::GetFlag(FLAGS_tls_cert);
  options.tls_key_path = absl::GetFlag(FLAGS_tls_key);
  absl::StatusOr<TaskLife> life = ParseTaskLife(absl::GetFlag(FLAGS_task_life));
  if (!life.ok()) {
    return absl::InvalidArgumentError("--task_life: " + std::string(life.status().message()));
  }
  options.task_life = *std::move(life);
  return options;
}

// A reader of the file sees the whole number or no file.
absl::Status WritePortFile(const std::string& path, int port) {
  const std::string beside = path + ".new." + std::to_string(getpid());
  std::ofstream file(beside);
  file << port << '\n';
  file.close();
  if (!file || std::rename(beside.c_str(), path.c_str()) != 0) {
    return absl::UnavailableError("--port_file=" + path + ": cannot be written");
  }
  return absl::OkStatus();
}

// Thousands of connections are normal here.
void RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

absl::Status Serve() {
  // The signals are blocked before the server's thread exists, so that only sigwait takes them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  RaiseFileLimit();

  GL_ASSIGN_OR_RETURN(UpstreamSimulatorOptions options, OptionsFromFlags());
  const uint64_t seed = options.seed;
  GL_ASSIGN_OR_RETURN(std::unique_ptr<UpstreamSimulator> simulator,
                      UpstreamSimulator::Start(std::move(options)));
  if (const std::string path = absl::GetFlag(FLAGS_port_file); !path.empty()) {
    GL_RETURN_IF_ERROR(WritePortFile(path, simulator->port()));
  }
  std::printf("upstream_simulator seed %llu\n", static_cast<unsigned long long>(seed));
  std::printf("upstream_simulator listening on %s\n", simulator->address().c_str());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  simulator->Stop();
  return absl::OkStatus();
}

}  // namespace
}  // namespace genledger

int main(int argc, char** argv) {
  absl::FlagsUsageConfig usage;
  // --help tells the flags of this file, not those of libraries.
  usage.contains_help_flags = [](absl::string_view file) {
    return absl::EndsWith(file, "upstream_simulator/main.cc");
  };
  absl::SetFlagsUsageConfig(usage);
  absl::SetProgramUsageMessage(
      std::string(
          "A paid video upstream to test against: POST /v1/videos/generations, GET "
          "/v1/tasks/{task_id}, and a control API under /_control/ (stats, log, rules, tasks, "
          "task_life, advance, keys, settings, reset; tests/upstream_simulator/control_api.h).\n") +
      genledger::kScriptFormat);
  const std::vector<char*> rest = absl::ParseCommandLine(argc, argv);
  if (rest.size() > 1) {
    std::fprintf(stderr, "upstream_simulator: unexpected argument %s\n", rest[1]);
    return 2;
  }
  if (const absl::Status served = genledger::Serve(); !served.ok()) {
    std::fprintf(stderr, "upstream_simulator: %s\n", std::string(served.message()).c_str());
    return 1;
  }
  return 0;
}
