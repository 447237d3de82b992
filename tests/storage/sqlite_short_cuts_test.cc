// That LookFirst and GetNow say what Submit and Get say, wherever random walks lead.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/sqlite/sqlite_workflow_store.h"
#include "tests/fakes/store_probe.h"
#include "tests/storage/ledger_walk.h"
#include "tests/storage/null_logger.h"
#include "tests/storage/temporary_directory.h"

namespace genledger {
namespace {

constexpr int kWalks = 15;
constexpr int kSteps = 60;

// What the short cuts were seen to say.
struct Seen {
  std::set<DedupeKind> answers;
  bool nothing_answers = false;
  bool ask_submit = false;
};

// Asks each question both ways.
class ComparedStore : public fakes::StoreProbe {
 public:
  ComparedStore(std::unique_ptr<WorkflowStore> store, Seen* seen)
      : StoreProbe(store.get()), store_(std::move(store)), seen_(seen) {}
  ~ComparedStore() override { store_->Shutdown(); }

  void Submit(SubmitCommand command, Callback<SubmitOutcome> done) override {
    const absl::StatusOr<FirstLook> look = store_->LookFirst(command);
    ASSERT_TRUE(look.ok()) << look.status();
    store_->Submit(std::move(command), [this, look = *look, done = std::move(done)](
                                           absl::StatusOr<SubmitOutcome> outcome) mutable {
      Compare(look, outcome);
      done(std::move(outcome));
    });
  }

  void Get(GetQuery query, Callback<SubmissionWithAttempts> done) override {
    const std::optional<absl::StatusOr<SharedSubmission>> now = store_->GetNow(query);
    ASSERT_EQ(now.has_value(), query.tenant.has_value() && !query.with_attempts);
    store_->Get(std::move(query), [now, done = std::move(done)](
                                      absl::StatusOr<SubmissionWithAttempts> found) mutable {
      if (now.has_value()) {
        EXPECT_EQ(now->status(), found.status());
        EXPECT_TRUE(!found.ok() || **now.value() == found->submission);
      }
      done(std::move(found));
    });
  }

 private:
  void Compare(const FirstLook& look, const absl::StatusOr<SubmitOutcome>& outcome) {
    if (look.submission != nullptr) {
      ASSERT_TRUE(outcome.ok()) << outcome.status();
      EXPECT_EQ(outcome->dedupe, look.dedupe);
      EXPECT_EQ(outcome->submission, *look.submission);
      seen_->answers.insert(look.dedupe);
    } else if (look.nothing_answers) {
      ASSERT_TRUE(outcome.ok()) << outcome.status();
      EXPECT_EQ(outcome->dedupe, DedupeKind::kCreated);
      seen_->nothing_answers = true;
    } else {
      seen_->ask_submit = true;
    }
  }

  const std::unique_ptr<WorkflowStore> store_;
  Seen* const seen_;
};

class SqliteStores : public LedgerWalkStore {
 public:
  explicit SqliteStores(Seen* seen) : seen_(seen) {}

  std::unique_ptr<WorkflowStore> Open(Clock* clock) override {
    auto store = SqliteWorkflowStore::Open(
        {.path = directory_.File("ledger.db"), .clock = clock, .logger = &logger_});
    EXPECT_TRUE(store.ok()) << store.status();
    return std::make_unique<ComparedStore>(*std::move(store), seen_);
  }

 private:
  Seen* const seen_;
  NullLogger logger_;
  const TemporaryDirectory directory_;
};

TEST(SqliteShortCuts, SayWhatTheLongWaySays) {
  const char* const given = std::getenv("GENLEDGER_TEST_SEED");
  const uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : 20261122;
  std::cout << "GENLEDGER_TEST_SEED=" << seed << "\n";
  Seen seen;
  for (int i = 0; i < kWalks && !::testing::Test::HasFailure(); ++i) {
    SCOPED_TRACE(absl::StrCat("seed ", seed + i));
    SqliteStores stores(&seen);
    LedgerWalk walk(seed + i, &stores);
    for (int step = 0; step < kSteps && !::testing::Test::HasFailure(); ++step) {
      walk.Step();
      walk.Check();
    }
  }
  if (!::testing::Test::HasFailure()) {
    EXPECT_EQ(seen.answers, (std::set<DedupeKind>{DedupeKind::kJoined, DedupeKind::kReplayed}));
    EXPECT_TRUE(seen.nothing_answers);
    EXPECT_TRUE(seen.ask_submit);
  }
}

}  // namespace
}  // namespace genledger
