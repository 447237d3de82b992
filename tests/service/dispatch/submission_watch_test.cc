#include "service/dispatch/submission_watch.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "tests/fakes/store_probe.h"
#include "tests/service/dispatch/service_harness.h"

namespace genledger {
namespace {

// Something happens between the reading of a page of events and its arrival.
class StoreThatMovesOn : public fakes::StoreProbe {
 public:
  StoreThatMovesOn(WorkflowStore* store, std::function<void()> meanwhile)
      : StoreProbe(store), meanwhile_(std::move(meanwhile)) {}

  void ListEvents(ListEventsQuery query, Callback<std::vector<SubmissionEvent>> done) override {
    StoreProbe::ListEvents(std::move(query),
                           [this, done = std::move(done)](
                               absl::StatusOr<std::vector<SubmissionEvent>> events) mutable {
                             if (const auto meanwhile = std::exchange(meanwhile_, nullptr)) {
                               meanwhile();
                             }
                             done(std::move(events));
                           });
  }

 private:
  std::function<void()> meanwhile_;
};

TEST(SubmissionWatchTest, AChangeBetweenTheLastEventAndTheWaitIsToldAtOnce) {
  ServiceHarness h;
  SubmitInput input = InputOf("a cat");
  input.wait = absl::ZeroDuration();
  const SubmissionId id = h.Submit(std::move(input))->submission->id;
  StoreThatMovesOn store(h.memory.get(), [&] { h.upstream.AnswerLast(AcceptedAs("task-1")); });
  const auto watch = std::make_shared<SubmissionWatch>(
      GetQuery{.key = id}, /*after_revision=*/0,
      SubmissionWatch::Collaborators{.store = &store, .hub = &h.hub, .clock = &h.clock});
  std::optional<absl::StatusOr<SubmissionWatch::Message>> told;
  const auto take = [&](absl::StatusOr<SubmissionWatch::Message> message) {
    told = std::move(message);
  };
  watch->Next(take);
  ASSERT_TRUE(told.has_value() && told->ok());
  ASSERT_TRUE(std::holds_alternative<SubmissionWithAttempts>(**told));
  told.reset();
  watch->Next(take);
  ASSERT_TRUE(told.has_value() && told->ok());
  ASSERT_TRUE(std::holds_alternative<SubmissionEvent>(**told));
  EXPECT_EQ(std::get<SubmissionEvent>(**told).state, SubmissionState::kSubmitted);
}

}  // namespace
}  // namespace genledger
