#include "service/dispatch/bulk_resolve.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "service/base/error_details.h"
#include "tests/service/dispatch/service_harness.h"
#include "tests/storage/store_calls.h"

namespace genledger {
namespace {

using enum SubmissionState;

class BulkResolveTest : public ::testing::Test {
 protected:
  // One whose outcome nobody knows.
  SubmissionId Unknown(const std::string& prompt, std::map<std::string, std::string> labels = {}) {
    const std::string request_id = "r" + std::to_string(++count_);
    SubmitInput input = InputOf(prompt, request_id);
    input.labels = std::move(labels);
    h_.Submit(std::move(input));
    h_.upstream.AnswerLast(AmbiguousResult());
    const auto found = h_.Get(h_.caller, {.key = {NamedKey::Kind::kRequestId, request_id}});
    EXPECT_EQ(found->submission->state, kOutcomeUnknown);
    return found->submission->id;
  }
  absl::StatusOr<BulkResolved> Resolve(BulkResolution bulk) {
    return ResolveAs(h_.op, std::move(bulk));
  }
  absl::StatusOr<BulkResolved> ResolveAs(const Principal& principal, BulkResolution bulk) {
    absl::StatusOr<BulkResolved> answer = absl::UnknownError("no answer");
    int answers = 0;
    ResolveInBulk({.store = &h_.store, .hub = &h_.hub, .timers = &h_.timers, .clock = &h_.clock},
                  principal, std::move(bulk), [&](absl::StatusOr<BulkResolved> result) {
                    answer = std::move(result);
                    ++answers;
                  });
    for (int page = 0; answers == 0 && page < 100; ++page) {
      h_.timers.AdvanceBy(absl::ZeroDuration());
    }
    EXPECT_EQ(answers, 1);
    return answer;
  }
  static Resolution NotAccepted() {
    return {.kind = DeclareNotAccepted{}, .note = "the invoice has none"};
  }

  ServiceHarness h_;
  int count_ = 0;
};

TEST_F(BulkResolveTest, ADryRunCountsAndChangesNothing) {
  const SubmissionId first = Unknown("one");
  const SubmissionId second = Unknown("two");
  const auto result =
      Resolve({.tenant = kTestTenant, .resolution = NotAccepted(), .dry_run = true});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->matched, 2);
  EXPECT_EQ(result->resolved, 0);
  EXPECT_EQ(result->sample, (std::vector<SubmissionId>{first, second}));
  EXPECT_EQ(h_.Record(first).state, kOutcomeUnknown);
}

TEST_F(BulkResolveTest, ResolvesWhatTheFilterNamesAndNothingElse) {
  const SubmissionId in = Unknown("one", {{"batch", "a"}});
  const SubmissionId out = Unknown("two", {{"batch", "b"}});
  h_.Submit(InputOf("three"));
  h_.upstream.AnswerLast(AcceptedAs("task-3"));
  const auto result =
      Resolve({.tenant = "-", .filter = "labels.batch = a", .resolution = NotAccepted()});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->matched, 1);
  EXPECT_EQ(result->resolved, 1);
  EXPECT_EQ(h_.Record(in).state, kFailed);
  EXPECT_EQ(h_.Record(in).charges_max, 0);
  EXPECT_EQ(h_.Record(out).state, kOutcomeUnknown);
  EXPECT_EQ(h_.Events(in).back().actor, "root");
  EXPECT_EQ(h_.Events(in).back().note, "the invoice has none");
}

TEST_F(BulkResolveTest, AnAlternativeInTheFilterStaysWithinTheUnknown) {
  const SubmissionId unknown = Unknown("one");
  h_.Submit(InputOf("pending"));
  const auto result =
      Resolve({.tenant = "-",
               .filter = "state = PENDING OR state = DISPATCHING OR state = OUTCOME_UNKNOWN",
               .resolution = {.kind = Abandon{}, .note = "enough"}});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->matched, 1);
  EXPECT_EQ(h_.Record(unknown).state, kAbandoned);
  EXPECT_FALSE(
      Resolve({.tenant = "-", .filter = "model = x) OR (model = y", .resolution = NotAccepted()})
          .ok());
}

TEST_F(BulkResolveTest, MoreThanAPage) {
  std::vector<SubmissionId> ids;
  for (int i = 0; i < 600; ++i) {
    ids.push_back(Unknown("cat " + std::to_string(i)));
  }
  const auto result = Resolve({.tenant = "-", .resolution = NotAccepted()});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->matched, 600);
  EXPECT_EQ(result->resolved, 600);
  ASSERT_EQ(result->sample.size(), kBulkSampleMax);
  EXPECT_EQ(result->sample.front(), ids.front());
}

// What changed after it was listed is not what was decided about.
TEST_F(BulkResolveTest, WhatChangesInBetweenIsLeftAlone) {
  const SubmissionId id = Unknown("one");
  h_.store.BeforeNextApply([this, id] {
    const auto now = h_.memory.get();
    ASSERT_TRUE(CallCancel(*now, {.key = id, .actor = "somebody"}).ok());
  });
  const auto result = Resolve({.tenant = "-", .resolution = NotAccepted()});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->matched, 1);
  EXPECT_EQ(result->resolved, 0);
  EXPECT_EQ(h_.Record(id).state, kOutcomeUnknown);
}

TEST_F(BulkResolveTest, WhoeverWaitsIsTold) {
  const SubmissionId id = Unknown("one");
  Call<GetAnswer> call = h_.Get(h_.caller, {.key = {NamedKey::Kind::kId, id.value()},
                                            .wait_for_revision_after = h_.Record(id).revision,
                                            .wait = absl::Seconds(30)});
  ASSERT_FALSE(call.answered());
  ASSERT_TRUE(Resolve({.tenant = "-", .resolution = NotAccepted()}).ok());
  EXPECT_TRUE(call.answered());
}

TEST_F(BulkResolveTest, AStoreThatFailsOnTheWayEndsIt) {
  Unknown("one");
  h_.store.FailApplies(true);
  EXPECT_TRUE(absl::IsUnavailable(Resolve({.tenant = "-", .resolution = NotAccepted()}).status()));
  h_.store.FailApplies(false);
  EXPECT_EQ(Resolve({.tenant = "-", .resolution = NotAccepted()})->resolved, 1);
}

TEST_F(BulkResolveTest, RefusesWhatItCannotDo) {
  const auto field_of = [](const absl::Status& status) {
    return GetErrorDetails(status)->violations.at(0).field;
  };
  EXPECT_EQ(field_of(Resolve({.resolution = {.kind = Abandon{}}}).status()), "resolution.note");
  EXPECT_EQ(
      field_of(Resolve({.resolution = {.kind = AdoptTask{.task_id = TaskId("t")}, .note = "x"}})
                   .status()),
      "resolution.adopt_task_id");
  EXPECT_EQ(field_of(Resolve({.filter = "nonsense ~", .resolution = NotAccepted()}).status()),
            "filter");
  EXPECT_EQ(ResolveAs(h_.caller, {.resolution = NotAccepted()}).status().code(),
            absl::StatusCode::kPermissionDenied);
}

}  // namespace
}  // namespace genledger
