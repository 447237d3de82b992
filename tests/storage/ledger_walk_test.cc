// That the invariants of DESIGN.md section 3 hold along every walk (ledger_walk.h).
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <set>

#include "absl/strings/str_cat.h"
#include "tests/storage/fake_workflow_store.h"
#include "tests/storage/ledger_walk.h"

namespace genledger {
namespace {

constexpr int kWalks = 300;
constexpr int kSteps = 80;

class MemoryStore : public LedgerWalkStore {
 public:
  std::unique_ptr<WorkflowStore> Open(Clock* clock) override {
    return FakeWorkflowStore::Open(state_, clock);
  }

 private:
  const std::shared_ptr<FakeStoreState> state_ = std::make_shared<FakeStoreState>();
};

TEST(LedgerWalk, InvariantsHoldAfterEveryStep) {
  const char* const given = std::getenv("GENLEDGER_TEST_SEED");
  const uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : 20261122;
  std::cout << "GENLEDGER_TEST_SEED=" << seed << "\n";
  std::set<SubmissionState> seen;
  std::set<AttemptKind> kinds;
  for (int i = 0; i < kWalks && !::testing::Test::HasFailure(); ++i) {
    SCOPED_TRACE(absl::StrCat("seed ", seed + i));
    MemoryStore store;
    LedgerWalk walk(seed + i, &store);
    for (int step = 0; step < kSteps && !::testing::Test::HasFailure(); ++step) {
      SCOPED_TRACE(absl::StrCat("step ", step));
      walk.Step();
      walk.Check();
    }
    walk.CheckEvents();
    seen.merge(walk.seen);
    kinds.merge(walk.kinds);
  }
  if (!::testing::Test::HasFailure()) {
    EXPECT_EQ(seen.size(), 7U);
    EXPECT_EQ(kinds.size(), 3U);
  }
}

}  // namespace
}  // namespace genledger
