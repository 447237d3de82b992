// Figures of the SQLite store: creates with their claim and acceptance, duplicates, bytes a row,
// filtered pages.
//   sqlite_store_bench PATH SUBMISSIONS CALLERS
// With 0 SUBMISSIONS, only the duplicates and pages of what the file holds.
#include <sys/stat.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "service/base/check.h"
#include "service/base/clock.h"
#include "service/base/ids.h"
#include "service/base/random_source.h"
#include "service/domain/list_filter_parser.h"
#include "storage/sqlite/sqlite_workflow_store.h"
#include "tests/storage/null_logger.h"
#include "tests/storage/store_calls.h"
#include "tests/storage/store_requests.h"

namespace genledger {
namespace {

struct Bench {
  WorkflowStore* store;
  SubmissionIdGenerator* ids;
  RandomSource* random;

  NewSubmission Request(int64_t i) const {
    NewSubmission request = MakeRequest(
        ids->Next(absl::Now()), absl::StrCat("A paper boat drifts along a rain gutter, macro shot, "
                                             "warm evening light, take ",
                                             i));
    request.request_id = RandomUuid(*random);
    return request;
  }
};

void CreateAndAccept(const Bench& bench, int64_t i) {
  const NewSubmission request = bench.Request(i);
  const absl::StatusOr<SubmitOutcome> created =
      CallSubmit(*bench.store, {.request = request, .claim = MakeClaim()});
  GL_CHECK(created.ok() && created->started_attempt.has_value(), "create");
  const absl::StatusOr<Submission> accepted = CallApply(
      *bench.store, request.id, MakeAccepted(*created->started_attempt, RandomUuid(*bench.random)));
  GL_CHECK(accepted.ok(), "accept");
}

int64_t FileBytes(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 ? info.st_size : 0;
}

double CpuSeconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void PrintLatencies(std::vector<double> micros, const char* what) {
  if (micros.empty()) {
    return;
  }
  std::sort(micros.begin(), micros.end());
  std::printf("%s: p50 %.0f us, p99 %.0f us, max %.0f us\n", what, micros[micros.size() / 2],
              micros[micros.size() * 99 / 100], micros.back());
}

// Pages of 50 under several filters, from the start of the list.
void PrintPages(const Bench& bench) {
  constexpr int kPages = 20;
  const std::string soon =
      absl::FormatTime(absl::RFC3339_full, absl::Now() + absl::Hours(1), absl::UTCTimeZone());
  for (const std::string& filter :
       {std::string(), std::string("state = SUBMITTED"), std::string("labels.team = trailers"),
        std::string("state = OUTCOME_UNKNOWN"), std::string("state = FAILED"),
        std::string("request_id = none"), "create_time > " + soon, "update_time > " + soon}) {
    for (const ListOrder order : {ListOrder::kCreateTime, ListOrder::kUpdateTime}) {
      const ListQuery query{
          .tenant = kTestTenant, .filter = ParseListFilter(filter).value(), .order_by = order};
      std::vector<double> micros;
      size_t rows = 0;
      bool more = false;
      for (int i = 0; i < kPages; ++i) {
        const absl::Time from = absl::Now();
        const absl::StatusOr<ListPage> page = CallList(*bench.store, query);
        GL_CHECK(page.ok(), "list");
        micros.push_back(absl::ToDoubleMicroseconds(absl::Now() - from));
        rows = page->submissions.size();
        more = page->has_more;
      }
      std::string what = absl::StrCat("page '", filter, "' by ");
      absl::StrAppend(&what, order == ListOrder::kCreateTime ? "create_time" : "update_time", ", ",
                      rows, " rows", more ? ", more" : "");
      PrintLatencies(std::move(micros), what.c_str());
    }
  }
}

int Main(const std::string& path, int64_t submissions, int callers) {
  SystemClock clock;
  NullLogger logger;
  const std::unique_ptr<RandomSource> random = NewSeededRandomSource(1);
  SubmissionIdGenerator ids(random.get());
  absl::StatusOr<std::unique_ptr<WorkflowStore>> store =
      SqliteWorkflowStore::Open({.path = path, .clock = &clock, .logger = &logger});
  if (!store.ok()) {
    std::fprintf(stderr, "%s\n", store.status().ToString().c_str());
    return 1;
  }
  const Bench bench{store->get(), &ids, random.get()};
  std::atomic<int64_t> next{0};
  std::vector<std::vector<double>> micros(static_cast<size_t>(callers));
  const absl::Time start = absl::Now();
  const double create_cpu_start = CpuSeconds(CLOCK_PROCESS_CPUTIME_ID);
  std::vector<std::thread> threads;
  threads.reserve(static_cast<size_t>(callers));
  for (int t = 0; t < callers; ++t) {
    threads.emplace_back([&, t] {
      for (int64_t i = next++; i < submissions; i = next++) {
        const absl::Time from = absl::Now();
        CreateAndAccept(bench, i);
        micros[static_cast<size_t>(t)].push_back(absl::ToDoubleMicroseconds(absl::Now() - from));
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  const double seconds = absl::ToDoubleSeconds(absl::Now() - start);
  if (submissions > 0) {
    std::printf("%.1f us of CPU each, callers included\n",
                (CpuSeconds(CLOCK_PROCESS_CPUTIME_ID) - create_cpu_start) * 1e6 /
                    static_cast<double>(submissions));
  }
  std::printf("%d callers: %.0f create+claim+accept/s (%.0f writes/s)\n", callers,
              static_cast<double>(submissions) / seconds,
              2 * static_cast<double>(submissions) / seconds);
  std::vector<double> all;
  for (const std::vector<double>& part : micros) {
    all.insert(all.end(), part.begin(), part.end());
  }
  PrintLatencies(std::move(all), "create+claim+accept");

  const std::vector<SubmissionWithAttempts> sample = SampleSubmissions(*bench.store, 20000);
  const absl::Time duplicates_start = absl::Now();
  const double cpu_start = CpuSeconds(CLOCK_THREAD_CPUTIME_ID);
  int64_t calls = 0;
  while (absl::Now() - duplicates_start < absl::Seconds(3)) {
    const Submission& s = sample[random->Next64() % sample.size()].submission;
    CallSubmit(*bench.store, {.request = RepeatOf(s)}).IgnoreError();
    ++calls;
  }
  const double duplicate_seconds = absl::ToDoubleSeconds(absl::Now() - duplicates_start);
  std::printf("duplicates, one thread: %.0f/s, %.2f us of CPU each\n",
              static_cast<double>(calls) / duplicate_seconds,
              (CpuSeconds(CLOCK_THREAD_CPUTIME_ID) - cpu_start) * 1e6 / static_cast<double>(calls));
  PrintPages(bench);
  std::printf("log after the load: %.1f MiB\n",
              static_cast<double>(FileBytes(path + "-wal")) / (1 << 20));
  (*store)->Shutdown();
  store->reset();
  std::printf("%.0f bytes a submission\n",
              static_cast<double>(FileBytes(path)) / static_cast<double>(submissions));
  return 0;
}

}  // namespace
}  // namespace genledger

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s PATH SUBMISSIONS CALLERS\n", argv[0]);
    return 2;
  }
  return genledger::Main(argv[1], std::atoll(argv[2]), std::atoi(argv[3]));
}
