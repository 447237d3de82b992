// The benchmark: starts everything that it measures, loads it, and prints what that came to.
//   bazel run --config=opt //:bench -- [--json=FILE] [--plot=FILE.svg] [--quick]
//       [--store=sqlite,postgresql] [--only=throughput,…]
// Every call must succeed: the first one that fails ends the run with exit 1.

#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "service/base/status_macros.h"
#include "tests/bench/deployment.h"
#include "tests/bench/figures/bench_context.h"
#include "tests/bench/figures/disk.h"
#include "tests/bench/figures/in_flight.h"
#include "tests/bench/figures/single_call.h"
#include "tests/bench/figures/store_size.h"
#include "tests/bench/figures/stores.h"
#include "tests/bench/figures/watchers.h"
#include "tests/bench/interrupt.h"
#include "tests/bench/report.h"
#include "tests/bench/report_json.h"
#include "tests/bench/report_plot.h"
#include "tests/bench/report_table.h"
#include "tests/bench/work_directory.h"
#include "tests/bench/workloads/submission_content.h"

ABSL_FLAG(std::string, json, "", "write the report as JSON into this file");
ABSL_FLAG(std::string, plot, "", "write the plot (SVG) into this file");
ABSL_FLAG(bool, quick, false,
          "tiny loads: shows that everything works, and no figure worth having");
ABSL_FLAG(std::vector<std::string>, store, (std::vector<std::string>{"sqlite", "postgresql"}),
          "stores whose throughput is measured");
ABSL_FLAG(
    std::vector<std::string>, only, {},
    "which figures: throughput, single_call, in_flight, disk, store_size, watchers; default: all");
ABSL_FLAG(absl::Duration, duration, absl::Seconds(3), "how long each load is measured");
ABSL_FLAG(int64_t, rows, 50'000, "that reads and duplicates are spread over");
ABSL_FLAG(bool, ten_million, false, "store_size: a store of ten million submissions as well");
ABSL_FLAG(std::string, directory, "/tmp",
          "where databases are kept while they are measured: on the disk that is meant");

namespace genledger::bench {
namespace {

struct NamedFigure {
  const char* name;
  std::function<absl::Status(const BenchContext& context)> measure;
};

absl::Status MeasureStores(const BenchContext& context) {
  if (context.options->sqlite) {
    GL_RETURN_IF_ERROR(MeasureSqlite(context));
  }
  return context.options->postgresql ? MeasurePostgresql(context) : absl::OkStatus();
}

const std::vector<NamedFigure>& AllFigures() {
  static const auto& figures = *new std::vector<NamedFigure>{
      {"throughput", MeasureStores},     {"single_call", MeasureSingleCall},
      {"in_flight", MeasureInFlight},    {"disk", MeasureDisk},
      {"store_size", MeasureStoreSizes}, {"watchers", MeasureWatchers},
  };
  return figures;
}

BenchOptions FullOptions() {
  BenchOptions options;
  options.times.duration = absl::GetFlag(FLAGS_duration);
  options.rows = absl::GetFlag(FLAGS_rows);
  return options;
}

BenchOptions QuickOptions() {
  BenchOptions options;
  options.concurrencies = {1, 4};
  options.usual_concurrency = 4;
  options.connections = 2;
  options.times = {.warm_up = absl::ZeroDuration(), .duration = absl::Milliseconds(60)};
  options.rows = 100;
  options.replicas_max = 2;
  options.disk_rows = 200;
  options.in_flight = 100;
  options.slow_upstream = absl::Milliseconds(500);
  options.store_sizes = {200, 1'000};
  options.starts = 2;
  options.claims = 64;
  options.watchers = 20;
  options.busy_calls_per_second = 50;
  return options;
}

absl::StatusOr<BenchOptions> OptionsFromFlags() {
  BenchOptions options = absl::GetFlag(FLAGS_quick) ? QuickOptions() : FullOptions();
  if (absl::GetFlag(FLAGS_ten_million)) {
    options.store_sizes.push_back(10'000'000);
  }
  if (options.times.duration <= absl::ZeroDuration() || options.rows < 1) {
    return absl::InvalidArgumentError("--duration and --rows must be positive");
  }
  options.sqlite = false;
  options.postgresql = false;
  for (const std::string& store : absl::GetFlag(FLAGS_store)) {
    if (store == "sqlite") {
      options.sqlite = true;
    } else if (store == "postgresql") {
      options.postgresql = true;
    } else {
      return absl::InvalidArgumentError("--store must name sqlite, postgresql or both");
    }
  }
  return options;
}

// All of them unless --only names some.
absl::StatusOr<std::vector<NamedFigure>> FiguresFromFlags() {
  std::set<std::string> wanted;
  for (const std::string& name : absl::GetFlag(FLAGS_only)) {
    wanted.insert(name);
  }
  if (wanted.empty()) {
    return AllFigures();
  }
  std::vector<NamedFigure> figures;
  for (const NamedFigure& figure : AllFigures()) {
    if (wanted.erase(figure.name) > 0) {
      figures.push_back(figure);
    }
  }
  if (!wanted.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--only: there is no figure ", absl::StrJoin(wanted, ", ")));
  }
  return figures;
}

std::string DescribeMachine() {
  utsname system{};
  uname(&system);
  std::ifstream file("/proc/cpuinfo");
  std::string processor = "unknown processor";
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) {
      processor = line.substr(line.find(':') + 2);
      break;
    }
  }
  return absl::StrCat(std::thread::hardware_concurrency(), " cores (", processor, "), ",
                      (sysconf(_SC_PHYS_PAGES) >> 10) * sysconf(_SC_PAGESIZE) >> 20, " GiB, ",
                      system.sysname, " ", system.release,
                      "; load, servers, upstream and databases share them");
}

std::vector<std::string> DescribeWorkload(const BenchOptions& options) {
  return {
      absl::StrCat("machine: ", DescribeMachine()),
      "server: --insecure --access_log=false; \"secured\": TLS, a bearer token and access lines",
      DescribeContent(),
      absl::StrCat("NEW and DUPLICATE wait for SUBMITTED; the simulated upstream answers at once; "
                   "reads and duplicates are spread evenly over all ",
                   options.rows, " rows that are there"),
      "GET: by id, view BASIC; LIST: the first page of 50, newest first",
      "WATCH: one submission, from its first event to its last; its echo: one call, as many bytes",
      absl::StrCat("load: gRPC callback API, ", options.connections,
                   " connections to each server, each run ",
                   absl::FormatDuration(options.times.duration), " after ",
                   absl::FormatDuration(options.times.warm_up),
                   " of warming up; closed loops by calls in flight; open loops (N/s) at half the "
                   "rate of the last closed one, latencies from the intended time"),
      "latencies: at most 0.8 % too high; CPU: user and system time of the servers, us a call",
      "limit: a bare gRPC callback echo of messages of the same sizes",
      "limit of NEW: that, a bare libcurl-multi POST and, on SQLite, its rows in bare commits",
  };
}

// What was measured before a failure stays in the report.
absl::Status Measure(const BenchOptions& options, const std::vector<NamedFigure>& figures,
                     Report& report) {
  GL_ASSIGN_OR_RETURN(const std::unique_ptr<WorkDirectory> directory,
                      WorkDirectory::Create(absl::GetFlag(FLAGS_directory)));
  Deployment deployment(directory.get());
  const BenchContext context{.options = &options, .deployment = &deployment, .report = &report};
  for (const NamedFigure& figure : figures) {
    GL_RETURN_IF_ERROR(figure.measure(context));
  }
  return absl::OkStatus();
}

absl::Status WriteFile(const std::string& path, const std::string& text) {
  if (path.empty()) {
    return absl::OkStatus();
  }
  // bazel run changes the directory.
  const char* const started_in = std::getenv("BUILD_WORKING_DIRECTORY");
  const std::string whole =
      path.front() == '/' || started_in == nullptr ? path : absl::StrCat(started_in, "/", path);
  std::ofstream file(whole);
  file << text;
  return file.flush() ? absl::OkStatus()
                      : absl::UnavailableError(absl::StrCat("cannot write ", whole));
}

absl::Status Run() {
  GL_ASSIGN_OR_RETURN(const BenchOptions options, OptionsFromFlags());
  GL_ASSIGN_OR_RETURN(const std::vector<NamedFigure> figures, FiguresFromFlags());
  Report report{.workload = DescribeWorkload(options)};
  const absl::Status measured = Measure(options, figures, report);
  if (!measured.ok()) {
    report.workload.push_back("INCOMPLETE: the run failed");
  }
  std::printf("%s", ReportTable(report).c_str());
  GL_RETURN_IF_ERROR(measured);
  GL_RETURN_IF_ERROR(WriteFile(absl::GetFlag(FLAGS_json), ReportJson(report)));
  return WriteFile(absl::GetFlag(FLAGS_plot), ReportPlot(report));
}

}  // namespace
}  // namespace genledger::bench

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage(
      "Measures the server beside the physical limits of this machine.\n"
      "  bazel run --config=opt //:bench -- --json=FILE --plot=FILE.svg");
  absl::ParseCommandLine(argc, argv);
  genledger::bench::RememberInterrupts();
  if (const absl::Status status = genledger::bench::Run(); !status.ok()) {
    std::fprintf(stderr, "bench: %s\n", status.ToString().c_str());
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
