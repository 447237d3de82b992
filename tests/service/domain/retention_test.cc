#include "service/domain/retention.h"

#include <gtest/gtest.h>

namespace genledger {
namespace {

using enum SubmissionState;

constexpr absl::Time kLimit = absl::FromUnixSeconds(1'795'000'000);

Submission With(SubmissionState state, absl::Time update_time) {
  return {.state = state, .update_time = update_time};
}

TEST(MayPurge, OnlyWhatFinishedBefore) {
  for (const SubmissionState state : {kSubmitted, kFailed, kCancelled, kAbandoned}) {
    EXPECT_TRUE(MayPurge(With(state, kLimit - absl::Microseconds(1)), kLimit));
    EXPECT_FALSE(MayPurge(With(state, kLimit), kLimit));
    EXPECT_FALSE(MayPurge(With(state, kLimit - absl::Hours(1)), absl::InfinitePast()));
  }
}

TEST(MayPurge, NeverWhatMayStillHappenHoweverOld) {
  for (const SubmissionState state : {kPending, kDispatching, kOutcomeUnknown}) {
    EXPECT_FALSE(MayPurge(With(state, absl::UnixEpoch()), kLimit));
    EXPECT_FALSE(MayPurge(With(state, absl::UnixEpoch()), absl::InfiniteFuture()));
  }
}

}  // namespace
}  // namespace genledger
