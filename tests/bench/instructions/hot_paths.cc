// The hot paths of reads and repeats, one at a time, so that their instructions can be counted.
//   hot_paths --built_by          prints what the counts depend on
//   hot_paths --fill STORE        makes the store that the paths read
//   hot_paths STORE PATH CALLS    calls PATH so often inside CountedCalls(), after some warming up

#include <gnu/libc-version.h>
#include <google/protobuf/stubs/common.h>
#include <sqlite3.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "genledger/v1/generation.pb.h"
#include "service/api/proto_convert.h"
#include "service/base/check.h"
#include "service/base/clock.h"
#include "service/base/ids.h"
#include "service/domain/canonicalize.h"
#include "service/domain/request_hash.h"
#include "service/domain/spec_encoding.h"
#include "service/domain/validate.h"
#include "storage/sqlite/sqlite_workflow_store.h"
#include "storage/workflow_store.h"
#include "tests/bench/workloads/submission_content.h"
#include "tests/storage/null_logger.h"
#include "tests/storage/store_calls.h"
#include "tests/storage/store_requests.h"

namespace genledger::bench {
namespace {

constexpr char kSeries[] = "rows";
constexpr int kRows = 200;
// The first calls fill caches and make what is made once.
constexpr int kWarmUpCalls = 2 * kRows;
constexpr int kPageRows = 50;
// In front of the name of a path through the store: nothing is found in the store's memory.
constexpr std::string_view kUncached = "uncached_";

using Path = std::function<void(int call)>;

std::unique_ptr<WorkflowStore> Open(const std::string& path, bool cached) {
  static SystemClock& clock = *new SystemClock;
  static NullLogger& logger = *new NullLogger;
  SqliteStoreOptions options{.path = path, .clock = &clock, .logger = &logger};
  if (!cached) {
    options.record_cache_bytes_max = 0;
  }
  auto store = SqliteWorkflowStore::Open(options);
  GL_CHECK(store.ok(), "the store opens");
  return *std::move(store);
}

NewSubmission RequestOf(int row) {
  NewSubmission request;
  request.id =
      SubmissionId(absl::StrCat("sub_01KDW4M00000000000000", absl::Dec(row, absl::kZeroPad5)));
  request.scope = {.tenant = kTestTenant, .upstream_account = kTestAccount};
  request.spec = Canonicalize(ContentOf(kSeries, row));
  request.request_id = RequestIdOf(kSeries, row);
  request.request_hash = HashRequest(EncodeRequest(request.spec, request.variation));
  request.hash_version = kCurrentHashVersion;
  request.actor = "worker";
  return request;
}

void Fill(const std::string& path) {
  const std::unique_ptr<WorkflowStore> store = Open(path, /*cached=*/true);
  for (int row = 0; row < kRows; ++row) {
    const SubmitCommand command{.request = RequestOf(row), .claim = MakeClaim()};
    const absl::StatusOr<SubmitOutcome> created = CallSubmit(*store, command);
    GL_CHECK(created.ok() && created->started_attempt.has_value(), "every row is new");
    const FinishAttempt accepted =
        MakeAccepted(*created->started_attempt, absl::StrCat("task-", row));
    GL_CHECK(CallApply(*store, created->submission.id, accepted).ok(), "every row is accepted");
  }
  store->Shutdown();
}

void MustAnswer(WorkflowStore& store, const SubmitCommand& command) {
  const absl::StatusOr<FirstLook> look = store.LookFirst(command);
  GL_CHECK(look.ok() && look->submission != nullptr, "every row answers its repeat");
}

void MustFind(WorkflowStore& store, SubmissionKey key) {
  const auto found = store.GetNow({.tenant = kTestTenant, .key = std::move(key)});
  GL_CHECK(found.has_value() && found->ok(), "every row is found");
}

// Everything that the paths need is made before the first call.
Path MakePath(const std::string& name, WorkflowStore& store) {
  std::vector<NewSubmission> rows;
  for (int row = 0; row < kRows; ++row) {
    rows.push_back(RequestOf(row));
  }
  const auto of = [rows = std::move(rows)](int call) -> const NewSubmission& {
    return rows[static_cast<size_t>(call % kRows)];
  };
  if (name == "validate") {
    return [raw = ContentOf(kSeries, 1)](int) {
      GL_CHECK(ValidateSpec(raw, Canonicalize(raw), {}).empty(), "the content is valid");
    };
  }
  if (name == "hash") {
    return [of](int call) { (void)HashRequest(EncodeRequest(of(call).spec, of(call).variation)); };
  }
  if (name == "convert") {
    const auto found = store.GetNow({.tenant = kTestTenant, .key = of(0).id});
    GL_CHECK(found.has_value() && found->ok(), "the first row is there");
    return [submission = **found](int) {
      v1::Submission message;
      SubmissionToProto(*submission, {}, &message);
    };
  }
  if (name == "read_by_id") {
    return [of, &store](int call) { MustFind(store, of(call).id); };
  }
  if (name == "read_by_request_id") {
    return [of, &store](int call) {
      MustFind(store, RequestIdKey{kTestAccount, of(call).request_id});
    };
  }
  if (name == "read_by_task_id") {
    return [&store](int call) { MustFind(store, TaskId(absl::StrCat("task-", call % kRows))); };
  }
  if (name == "repeat_by_request_id" || name == "repeat_by_hash") {
    auto commands = std::make_shared<std::vector<SubmitCommand>>();
    for (int row = 0; row < kRows; ++row) {
      commands->push_back({.request = of(row)});
      if (name == "repeat_by_hash") {
        commands->back().request.request_id.clear();
      }
    }
    return [commands, &store](int call) {
      MustAnswer(store, (*commands)[static_cast<size_t>(call % kRows)]);
    };
  }
  GL_CHECK(name == "list_page", "PATH is one that this program knows");
  return [&store](int) {
    const auto page = CallList(store, {.tenant = kTestTenant, .limit = kPageRows});
    GL_CHECK(page.ok() && page->submissions.size() == kPageRows, "a page is full");
  };
}

}  // namespace
}  // namespace genledger::bench

// By this name callgrind knows what to count.
extern "C" __attribute__((noinline)) void CountedCalls(const genledger::bench::Path& path,
                                                       int calls) {
  for (int call = 0; call < calls; ++call) {
    path(call);
  }
}

int main(int argc, char** argv) {
  using genledger::bench::kWarmUpCalls;
  // As in the server.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments == std::vector<std::string>{"--built_by"}) {
    std::printf("g++ %s, glibc %s, SQLite %s, protobuf %d\n", __VERSION__, gnu_get_libc_version(),
                sqlite3_libversion(), GOOGLE_PROTOBUF_VERSION);
    return EXIT_SUCCESS;
  }
  if (arguments.size() == 2 && arguments[0] == "--fill") {
    genledger::bench::Fill(arguments[1]);
    return EXIT_SUCCESS;
  }
  if (arguments.size() != 3) {
    std::fprintf(stderr, "usage: hot_paths --built_by | --fill STORE | STORE PATH CALLS\n");
    return 2;
  }
  std::string name = arguments[1];
  const bool cached = !name.starts_with(genledger::bench::kUncached);
  if (!cached) {
    name.erase(0, genledger::bench::kUncached.size());
  }
  const std::unique_ptr<genledger::WorkflowStore> store =
      genledger::bench::Open(arguments[0], cached);
  {
    const genledger::bench::Path path = genledger::bench::MakePath(name, *store);
    for (int call = 0; call < kWarmUpCalls; ++call) {
      path(call);
    }
    CountedCalls(path, std::atoi(arguments[2].c_str()));
  }
  store->Shutdown();
  return EXIT_SUCCESS;
}
