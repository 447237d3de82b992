#include "tests/storage/fake_workflow_store.h"

#include "service/base/errors.h"
#include "tests/fakes/manual_clock.h"
#include "tests/storage/store_calls.h"
#include "tests/storage/store_requests.h"
#include "tests/storage/workflow_store_conformance.h"

namespace genledger {
namespace {

class FakeBackend : public StoreBackend {
 public:
  explicit FakeBackend(Clock* clock) : clock_(clock) {}

  absl::StatusOr<std::unique_ptr<WorkflowStore>> Open() override {
    return FakeWorkflowStore::Open(state_, clock_);
  }

 private:
  Clock* const clock_;
  const std::shared_ptr<FakeStoreState> state_ = std::make_shared<FakeStoreState>();
};

INSTANTIATE_TEST_SUITE_P(Fake, WorkflowStoreConformance,
                         testing::Values(StoreBackendFactory{
                             "fake",
                             [](Clock* clock) { return std::make_unique<FakeBackend>(clock); }}),
                         [](const auto& info) { return info.param.name; });

TEST(FakeWorkflowStore, FailedWritesChangeNothingUnlessTheirCommitIsInDoubt) {
  fakes::ManualClock clock;
  const auto state = std::make_shared<FakeStoreState>();
  const std::unique_ptr<WorkflowStore> store = FakeWorkflowStore::Open(state, &clock);
  const std::unique_ptr<RandomSource> random = NewSeededRandomSource(1);
  SubmissionIdGenerator ids(random.get());
  const NewSubmission request = MakeRequest(ids.Next(clock.Now()), "a boat");
  state->FailNextWrites(1, errors::StoreUnavailable("disk"));
  EXPECT_TRUE(absl::IsUnavailable(CallSubmit(*store, {.request = request}).status()));
  EXPECT_FALSE(CallGet(*store, {.key = request.id}).ok());
  state->FailNextWrites(1, errors::StoreUnavailable("commit in doubt"), /*after_commit=*/true);
  EXPECT_TRUE(absl::IsUnavailable(CallSubmit(*store, {.request = request}).status()));
  EXPECT_TRUE(CallGet(*store, {.key = request.id}).ok());
  EXPECT_EQ(CallSubmit(*store, {.request = request}).value().dedupe, DedupeKind::kJoined);
}

}  // namespace
}  // namespace genledger
