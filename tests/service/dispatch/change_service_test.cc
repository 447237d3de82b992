#include "service/dispatch/change_service.h"

#include <gtest/gtest.h>

#include <optional>

#include "service/base/errors.h"
#include "tests/service/dispatch/service_harness.h"
#include "tests/storage/store_requests.h"

namespace genledger {
namespace {

using enum SubmissionState;

TEST(ChangeServiceTest, ARetryWhoseCommitIsInDoubtIsLookedFor) {
  ServiceHarness h;
  ChangeService changes({.upstream_account = kTestAccount},
                        {.store = &h.store, .dispatcher = &h.dispatcher, .hub = &h.hub});
  h.Submit(InputOf("a cat", "r1"));
  const SubmissionId id = SampleSubmissions(*h.memory, 1).front().submission.id;
  h.upstream.AnswerLast(RefusedForGood());
  ASSERT_EQ(h.Record(id).state, kFailed);

  h.state->FailNextWrites(1, errors::StoreUnavailable("in doubt"), /*after_commit=*/true);
  std::optional<absl::Status> answer;
  changes.Retry(h.op,
                {.tenant = kTestTenant, .key = {.kind = NamedKey::Kind::kId, .text = id.value()}},
                "again", [&](absl::StatusOr<Submission> after) { answer = after.status(); });
  ASSERT_TRUE(answer.has_value());
  EXPECT_TRUE(absl::IsUnavailable(*answer));
  EXPECT_EQ(h.Record(id).state, kDispatching);
  EXPECT_EQ(h.upstream.posts(), 2U);
}

}  // namespace
}  // namespace genledger
