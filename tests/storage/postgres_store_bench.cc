// Figures of the PostgreSQL store: creates with their claim and acceptance, duplicates, reads.
//   postgres_store_bench SUBMISSIONS CALLERS [LOCATION]
// Without LOCATION, on a private server that it starts.
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "service/base/check.h"
#include "service/base/clock.h"
#include "service/base/ids.h"
#include "service/base/random_source.h"
#include "storage/postgres/postgres_workflow_store.h"
#include "tests/storage/null_logger.h"
#include "tests/storage/private_postgres.h"
#include "tests/storage/store_calls.h"
#include "tests/storage/store_requests.h"

namespace genledger {
namespace {

double CpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Runs `step` for 0, 1, … from many threads and prints what it cost.
void Measure(const char* what, int64_t steps, int callers,
             const std::function<void(int64_t)>& step) {
  std::atomic<int64_t> next{0};
  std::vector<std::vector<double>> micros(static_cast<size_t>(callers));
  const absl::Time start = absl::Now();
  const double cpu_start = CpuSeconds();
  std::vector<std::thread> threads;
  for (int t = 0; t < callers; ++t) {
    threads.emplace_back([&, t] {
      for (int64_t i = next++; i < steps; i = next++) {
        const absl::Time from = absl::Now();
        step(i);
        micros[static_cast<size_t>(t)].push_back(absl::ToDoubleMicroseconds(absl::Now() - from));
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  std::vector<double> all;
  for (const std::vector<double>& part : micros) {
    all.insert(all.end(), part.begin(), part.end());
  }
  std::sort(all.begin(), all.end());
  std::printf("%s, %d callers: %.0f/s, p50 %.0f us, p99 %.0f us, %.1f us of our CPU each\n", what,
              callers, static_cast<double>(steps) / absl::ToDoubleSeconds(absl::Now() - start),
              all[all.size() / 2], all[all.size() * 99 / 100],
              (CpuSeconds() - cpu_start) * 1e6 / static_cast<double>(steps));
}

int Main(int64_t submissions, int callers, std::string location) {
  std::unique_ptr<PrivatePostgres> server;
  if (location.empty()) {
    server = PrivatePostgres::Start();
    server->Configure("fsync = on");
    location = server->Location(server->NewDatabase());
  }
  SystemClock clock;
  NullLogger logger;
  const std::unique_ptr<RandomSource> random = NewSystemRandomSource();
  SubmissionIdGenerator ids(random.get());
  absl::StatusOr<std::unique_ptr<WorkflowStore>> store =
      PostgresWorkflowStore::Open({.location = location, .clock = &clock, .logger = &logger});
  if (!store.ok()) {
    std::fprintf(stderr, "%s\n", store.status().ToString().c_str());
    return 1;
  }
  std::vector<NewSubmission> requests(static_cast<size_t>(submissions));
  for (size_t i = 0; i < requests.size(); ++i) {
    requests[i] = MakeRequest(ids.Next(absl::Now()),
                              absl::StrCat("A paper boat drifts along a rain gutter, macro shot, "
                                           "warm evening light, take ",
                                           i, " of ", random->Next64()));
    requests[i].request_id = RandomUuid(*random);
  }
  Measure("create+claim, accept", submissions, callers, [&](int64_t i) {
    const NewSubmission& request = requests[static_cast<size_t>(i)];
    const auto created = CallSubmit(**store, {.request = request, .claim = MakeClaim()});
    GL_CHECK(created.ok() && created->started_attempt.has_value(), "create");
    const auto accepted = CallApply(**store, request.id,
                                    MakeAccepted(*created->started_attempt, RandomUuid(*random)));
    GL_CHECK(accepted.ok(), "accept");
  });
  Measure("duplicate", submissions, callers, [&](int64_t i) {
    const auto repeat = CallSubmit(**store, {.request = requests[static_cast<size_t>(i)]});
    GL_CHECK(repeat.ok() && repeat->dedupe == DedupeKind::kReplayed, "duplicate");
  });
  Measure("read", submissions, callers, [&](int64_t i) {
    GL_CHECK(CallGet(**store, {.key = requests[static_cast<size_t>(i)].id}).ok(), "read");
  });
  if (server != nullptr) {
    std::printf(
        "transactions committed a submission, in all phases: %s\n",
        server
            ->Psql("ledger_1", absl::StrCat("SELECT round(xact_commit::numeric / ", submissions,
                                            ", 2) FROM pg_stat_database WHERE datname = "
                                            "'ledger_1'"))
            .c_str());
    std::printf(
        "bytes a submission: %s\n",
        server
            ->Psql("ledger_1", absl::StrCat("SELECT pg_database_size('ledger_1') / ", submissions))
            .c_str());
  }
  return 0;
}

}  // namespace
}  // namespace genledger

int main(int argc, char** argv) {
  if (argc < 3 || argc > 4) {
    std::fprintf(stderr, "usage: postgres_store_bench SUBMISSIONS CALLERS [LOCATION]\n");
    return 2;
  }
  return genledger::Main(std::atoll(argv[1]), std::atoi(argv[2]), argc == 4 ? argv[3] : "");
}
