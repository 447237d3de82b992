#include "storage/sqlite/record_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "service/base/clock.h"
#include "storage/sqlite/sqlite_workflow_store.h"
#include "tests/storage/null_logger.h"
#include "tests/storage/store_calls.h"
#include "tests/storage/store_requests.h"
#include "tests/storage/temporary_directory.h"

namespace genledger::sqlite {
namespace {

constexpr size_t kPlenty = size_t{64} << 20;
const Scope kScope{.tenant = kTestTenant, .upstream_account = kTestAccount};

SubmissionId IdOf(int number) {
  return SubmissionId(absl::StrFormat("sub_01KDW4M000000000000000%04d", number));
}

SharedSubmission Record(int number, int64_t revision = 1) {
  const NewSubmission request = MakeRequest(IdOf(number), absl::StrCat("a boat ", number));
  Submission s;
  s.id = request.id;
  s.scope = request.scope;
  s.spec = request.spec;
  s.request_hash = request.request_hash;
  s.hash_version = request.hash_version;
  s.request_id = absl::StrCat("r", number);
  s.state = SubmissionState::kSubmitted;
  s.holds_hash = true;
  s.revision = revision;
  return std::make_shared<const Submission>(std::move(s));
}

bool IsFoundEveryWay(const RecordCache& cache, const SharedSubmission& record) {
  return cache.ById(record->id) == record &&
         cache.ByRequestId(kScope, record->request_id) == record &&
         cache.ByHash(kScope, record->hash_version, record->request_hash) == record;
}

bool IsFoundNoWay(const RecordCache& cache, const SharedSubmission& record) {
  return cache.ById(record->id) == nullptr &&
         cache.ByRequestId(kScope, record->request_id) == nullptr &&
         cache.ByHash(kScope, record->hash_version, record->request_hash) == nullptr;
}

TEST(RecordCache, AnswersByEveryKeyOfItsTenantOnly) {
  RecordCache cache(kPlenty);
  const SharedSubmission record = Record(1);
  EXPECT_TRUE(IsFoundNoWay(cache, record));
  cache.Keep(cache.ticket(), record);
  EXPECT_TRUE(IsFoundEveryWay(cache, record));
  const Scope other{.tenant = "other", .upstream_account = kTestAccount};
  EXPECT_EQ(cache.ByRequestId(other, record->request_id), nullptr);
  EXPECT_EQ(cache.ByHash(other, record->hash_version, record->request_hash), nullptr);
  EXPECT_EQ(cache.ByHash(kScope, record->hash_version + 1, record->request_hash), nullptr);
  EXPECT_EQ(cache.ByRequestId(kScope, "r2"), nullptr);
}

TEST(RecordCache, WhatDoesNotHoldItsHashIsNotFoundByIt) {
  RecordCache cache(kPlenty);
  Submission released = *Record(1);
  released.holds_hash = false;
  cache.Keep(cache.ticket(), std::make_shared<const Submission>(released));
  EXPECT_NE(cache.ById(released.id), nullptr);
  EXPECT_EQ(cache.ByHash(kScope, released.hash_version, released.request_hash), nullptr);
}

TEST(RecordCache, OnlySubmittedRecordsAreKept) {
  RecordCache cache(kPlenty);
  for (const SubmissionState state : kAllSubmissionStates) {
    Submission s = *Record(1);
    s.state = state;
    cache.Keep(cache.ticket(), std::make_shared<const Submission>(s));
    EXPECT_EQ(cache.ById(s.id) != nullptr, state == SubmissionState::kSubmitted);
    const RecordCache::Change change(&cache, {s.id});
  }
}

TEST(RecordCache, ACommitTakesOutWhatItChangesAndLetsNothingInUntilItIsOver) {
  RecordCache cache(kPlenty);
  const SharedSubmission changed = Record(1);
  const SharedSubmission bystander = Record(2);
  const RecordCache::Ticket before = cache.ticket();
  cache.Keep(before, changed);
  cache.Keep(before, bystander);
  {
    const RecordCache::Change change(&cache, {changed->id});
    EXPECT_TRUE(IsFoundNoWay(cache, changed));
    EXPECT_TRUE(IsFoundEveryWay(cache, bystander));
    cache.Keep(before, changed);
    cache.Keep(cache.ticket(), changed);
    EXPECT_TRUE(IsFoundNoWay(cache, changed));
  }
  cache.Keep(before, changed);
  EXPECT_TRUE(IsFoundNoWay(cache, changed)) << "read before the commit, kept after it";
  const SharedSubmission after = Record(1, /*revision=*/2);
  cache.Keep(cache.ticket(), after);
  EXPECT_TRUE(IsFoundEveryWay(cache, after));
}

TEST(RecordCache, ACommitOfOtherRecordsIsNoConcernOfIt) {
  RecordCache cache(kPlenty);
  const RecordCache::Ticket ticket = cache.ticket();
  { const RecordCache::Change change(&cache, {}); }
  cache.Keep(ticket, Record(1));
  EXPECT_EQ(cache.size(), 1U);
}

TEST(RecordCache, StaysWithinItsBytesAndGoesOnTakingIn) {
  constexpr size_t kBytes = size_t{1} << 20;
  RecordCache cache(kBytes);
  size_t most = 0;
  for (int i = 0; i < 5000; ++i) {
    cache.Keep(cache.ticket(), Record(i));
    most = std::max(most, cache.size());
  }
  EXPECT_LT(most, kBytes / sizeof(Submission));
  EXPECT_GT(most, kBytes / sizeof(Submission) / 4);
  int late = 0;
  for (int i = 0; i < 5000; ++i) {
    const SharedSubmission found = cache.ById(IdOf(i));
    EXPECT_TRUE(found == nullptr || IsFoundEveryWay(cache, found));
    late += found != nullptr && i >= 4000 ? 1 : 0;
  }
  EXPECT_GT(late, 0);
}

// Through the whole store: one submission changes again and again, and nobody is ever answered with
// less than what was acknowledged before, or than they have seen.
TEST(RecordCache, NobodyReadsBehindAnAcknowledgedCommit) {
  SystemClock clock;
  NullLogger logger;
  const TemporaryDirectory directory;
  const std::unique_ptr<WorkflowStore> store =
      SqliteWorkflowStore::Open(
          {.path = directory.File("ledger.db"), .clock = &clock, .logger = &logger})
          .value();
  const NewSubmission request = MakeRequest(IdOf(1), "a boat");
  const auto created = CallSubmit(*store, {.request = request, .claim = MakeClaim()});
  ASSERT_TRUE(created.ok()) << created.status();
  ASSERT_TRUE(
      CallApply(*store, request.id, MakeAccepted(*created->started_attempt, "task-1")).ok());

  std::atomic<int64_t> acknowledged{0};
  std::atomic<bool> done{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      int64_t seen = 0;
      while (!done.load()) {
        const int64_t known = std::max(seen, acknowledged.load());
        const auto by_id = store->GetNow({.tenant = kTestTenant, .key = request.id});
        ASSERT_TRUE(by_id.has_value() && by_id->ok());
        ASSERT_GE((**by_id)->revision, known);
        seen = (**by_id)->revision;
        const absl::StatusOr<FirstLook> look = store->LookFirst({.request = request});
        ASSERT_TRUE(look.ok() && look->submission != nullptr);
        ASSERT_GE(look->submission->revision, seen);
        seen = look->submission->revision;
      }
    });
  }
  for (int i = 0; i < 300; ++i) {
    NewSubmission joiner = request;
    joiner.request_id = absl::StrCat("joiner-", i);
    const auto joined = CallSubmit(*store, {.request = joiner});
    ASSERT_TRUE(joined.ok()) << joined.status();
    acknowledged.store(joined->submission.revision);
  }
  done.store(true);
  for (std::thread& reader : readers) {
    reader.join();
  }
  EXPECT_GT(acknowledged.load(), 300);
  store->Shutdown();
}

}  // namespace
}  // namespace genledger::sqlite
