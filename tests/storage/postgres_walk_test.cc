// That two replicas over one PostgreSQL decide, between them, as the store in memory does: the same
// walks (ledger_walk.h) lead over both, each write comes from the one or the other replica, and all
// answers are compared, at the end everything that is kept.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/base/check.h"
#include "storage/postgres/postgres_workflow_store.h"
#include "tests/storage/fake_workflow_store.h"
#include "tests/storage/ledger_walk.h"
#include "tests/storage/null_logger.h"
#include "tests/storage/private_postgres.h"
#include "tests/storage/store_calls.h"

namespace genledger {
namespace {

constexpr int kSteps = 80;
constexpr int kReplicas = 2;
// Whole lists are compared so often; the walk reads them all the time.
constexpr int kListsBetween = 16;

template <typename T>
bool Same(const T& a, const T& b) {
  return a == b;
}

bool Same(const SubmitOutcome& a, const SubmitOutcome& b) {
  return a.dedupe == b.dedupe && a.submission == b.submission &&
         a.started_attempt == b.started_attempt;
}

bool Same(const CancelResult& a, const CancelResult& b) {
  return a.outcome == b.outcome && a.submission == b.submission;
}

bool Same(const SubmissionWithAttempts& a, const SubmissionWithAttempts& b) {
  return a.submission == b.submission && a.attempts == b.attempts;
}

bool Same(const ListPage& a, const ListPage& b) {
  return a.has_more == b.has_more &&
         std::equal(a.submissions.begin(), a.submissions.end(), b.submissions.begin(),
                    b.submissions.end(),
                    [](const auto& one, const auto& other) { return Same(one, other); });
}

bool Same(const ClaimDueOutcome& a, const ClaimDueOutcome& b) {
  // What ran out together comes in any order.
  const auto changed = [](std::vector<Submission> all) {
    std::sort(all.begin(), all.end(), [](const Submission& one, const Submission& other) {
      return std::tie(one.id, one.revision) < std::tie(other.id, other.revision);
    });
    return all;
  };
  return a.next_due_time == b.next_due_time && a.store_time == b.store_time &&
         changed(a.changed) == changed(b.changed) &&
         std::equal(a.claimed.begin(), a.claimed.end(), b.claimed.begin(), b.claimed.end(),
                    [](const auto& one, const auto& other) {
                      return one.submission == other.submission && one.attempt == other.attempt;
                    });
}

bool Same(const StoreCounts& a, const StoreCounts& b) {
  return a.oldest_pending_create_time == b.oldest_pending_create_time &&
         std::all_of(std::begin(kAllSubmissionStates), std::end(kAllSubmissionStates),
                     [&](SubmissionState state) { return a.Of(state) == b.Of(state); });
}

// Answers what the store in memory answers, and fails the test where the replicas differ.
class TwinStore : public WorkflowStore {
 public:
  TwinStore(std::unique_ptr<WorkflowStore> memory,
            std::vector<std::unique_ptr<WorkflowStore>> replicas, uint64_t seed)
      : memory_(std::move(memory)), replicas_(std::move(replicas)), random_(seed) {}

  void Submit(SubmitCommand command, Callback<SubmitOutcome> done) override {
    Both("Submit", std::move(done),
         [&](WorkflowStore& store) { return CallSubmit(store, command); });
  }
  void Preview(const NewSubmission& request, Callback<PreviewOutcome> done) override {
    memory_->Preview(request, std::move(done));
  }
  void ClaimDue(ClaimDueCommand command, Callback<ClaimDueOutcome> done) override {
    Both("ClaimDue", std::move(done),
         [&](WorkflowStore& store) { return CallClaimDue(store, command); });
  }
  void Apply(ApplyCommand command, Callback<Submission> done) override {
    Both("Apply", std::move(done), [&](WorkflowStore& store) { return CallApply(store, command); });
  }
  void Cancel(CancelCommand command, Callback<CancelResult> done) override {
    Both("Cancel", std::move(done),
         [&](WorkflowStore& store) { return CallCancel(store, command); });
  }
  // By its nature not the same: a store that is shared leaves alone what others may be at.
  void ExpireAllLeases(std::string /*actor*/, AmbiguityRules /*rules*/,
                       Callback<int64_t> done) override {
    done(0);
  }
  void Purge(PurgeCommand command, Callback<PurgeOutcome> done) override {
    memory_->Purge(std::move(command), std::move(done));
  }
  void Get(GetQuery query, Callback<SubmissionWithAttempts> done) override {
    Both("Get", std::move(done), [&](WorkflowStore& store) { return CallGet(store, query); });
  }
  void BatchGet(BatchGetQuery query, Callback<std::vector<SubmissionWithAttempts>> done) override {
    memory_->BatchGet(std::move(query), std::move(done));
  }
  void List(ListQuery query, Callback<ListPage> done) override {
    if (++lists_ % kListsBetween != 0) {
      memory_->List(std::move(query), std::move(done));
      return;
    }
    Both("List", std::move(done), [&](WorkflowStore& store) { return CallList(store, query); });
  }
  void ListEvents(ListEventsQuery query, Callback<std::vector<SubmissionEvent>> done) override {
    Both("ListEvents", std::move(done),
         [&](WorkflowStore& store) { return CallListEvents(store, query); });
  }
  void CheckHealth(Callback<absl::Time> done) override { memory_->CheckHealth(std::move(done)); }
  void Count(Callback<StoreCounts> done) override {
    Both("Count", std::move(done), [&](WorkflowStore& store) { return CallCount(store); });
  }
  absl::StatusOr<std::string> BindUpstreamAccount(const AccountBinding& binding) override {
    return memory_->BindUpstreamAccount(binding);
  }
  StoreInfo Info() const override { return memory_->Info(); }

  void Shutdown() override {
    EXPECT_TRUE(CallCount(*this).ok());
    lists_ = -1;  // the next one is compared
    const absl::StatusOr<ListPage> all =
        CallList(*this, {.descending = false, .limit = 1000, .with_attempts = true});
    for (const SubmissionWithAttempts& one : all->submissions) {
      EXPECT_TRUE(CallListEvents(*this, {.id = one.submission.id, .limit = 100'000}).ok());
    }
    for (const std::unique_ptr<WorkflowStore>& replica : replicas_) {
      replica->Shutdown();
    }
    memory_->Shutdown();
  }

 private:
  template <typename T, typename Ask>
  void Both(std::string_view call, Callback<T> done, Ask ask) {
    absl::StatusOr<T> wanted = ask(*memory_);
    const absl::StatusOr<T> got = ask(*replicas_[random_() % kReplicas]);
    EXPECT_EQ(wanted.status().code(), got.status().code()) << call;
    EXPECT_EQ(wanted.status().message(), got.status().message()) << call;
    if (wanted.ok() && got.ok()) {
      EXPECT_TRUE(Same(*wanted, *got)) << call << " is answered differently";
    }
    done(std::move(wanted));
  }

  const std::unique_ptr<WorkflowStore> memory_;
  const std::vector<std::unique_ptr<WorkflowStore>> replicas_;
  std::mt19937_64 random_;
  int lists_ = 0;
};

class TwinStores : public LedgerWalkStore {
 public:
  explicit TwinStores(uint64_t seed) : seed_(seed) {}
  // Hundreds of databases are hundreds of thousands of files.
  ~TwinStores() override {
    PrivatePostgres::Shared().Psql("postgres",
                                   absl::StrCat("DROP DATABASE ", database_, " WITH (FORCE)"));
  }
  TwinStores(const TwinStores&) = delete;
  TwinStores& operator=(const TwinStores&) = delete;

  std::unique_ptr<WorkflowStore> Open(Clock* clock) override {
    std::vector<std::unique_ptr<WorkflowStore>> replicas;
    for (int i = 0; i < kReplicas; ++i) {
      absl::StatusOr<std::unique_ptr<WorkflowStore>> replica =
          PostgresWorkflowStore::Open({.location = PrivatePostgres::Shared().Location(database_),
                                       .clock = clock,
                                       .logger = &logger_,
                                       .lease_clock = clock,
                                       .connections = 1});
      GL_CHECK(replica.ok(), replica.status().ToString().c_str());
      replicas.push_back(*std::move(replica));
    }
    return std::make_unique<TwinStore>(FakeWorkflowStore::Open(state_, clock), std::move(replicas),
                                       ++seed_);
  }

 private:
  uint64_t seed_;
  NullLogger logger_;
  const std::string database_ = PrivatePostgres::Shared().NewDatabase();
  const std::shared_ptr<FakeStoreState> state_ = std::make_shared<FakeStoreState>();
};

TEST(PostgresWalk, TwoReplicasDecideAsTheStoreInMemoryDoes) {
  const char* const given = std::getenv("GENLEDGER_TEST_SEED");
  const uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  std::cout << "GENLEDGER_TEST_SEED=" << seed << "\n";
  const int walks = std::getenv("GENLEDGER_TEST_ALL") != nullptr ? 150 : 12;
  std::set<SubmissionState> seen;
  for (int i = 0; i < walks && !::testing::Test::HasFailure(); ++i) {
    SCOPED_TRACE(absl::StrCat("seed ", seed + i));
    TwinStores stores(seed + i);
    LedgerWalk walk(seed + i, &stores);
    for (int step = 0; step < kSteps && !::testing::Test::HasFailure(); ++step) {
      SCOPED_TRACE(absl::StrCat("step ", step));
      walk.Step();
      walk.Check();
    }
    walk.CheckEvents();
    seen.merge(walk.seen);
  }
  if (!::testing::Test::HasFailure()) {
    EXPECT_EQ(seen.size(), 7U);
  }
}

}  // namespace
}  // namespace genledger

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (!genledger::PrivatePostgres::IsInstalled()) {
    std::fprintf(stderr, "SKIPPED: PostgreSQL 15 is not installed (package postgresql-15)\n");
    return 0;
  }
  return RUN_ALL_TESTS();
}
