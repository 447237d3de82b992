#include "service/upstream/socket_poller.h"

#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace genledger {
namespace {

constexpr absl::Duration kForEver = absl::Seconds(20);

TEST(SocketPollerTest, AWakeUpEndsTheNextWait) {
  SocketPoller poller;
  poller.Wake();
  const absl::Time start = absl::Now();
  poller.Wait(kForEver);
  EXPECT_LT(absl::Now() - start, kForEver);
}

// Otherwise what was handed over before the wake-up would wait for the next one.
TEST(SocketPollerTest, LookingLeavesAWakeUpToTheNextWait) {
  SocketPoller poller;
  poller.Wake();
  poller.Look();
  poller.Look();
  const absl::Time start = absl::Now();
  poller.Wait(kForEver);
  EXPECT_LT(absl::Now() - start, kForEver);
}

}  // namespace
}  // namespace genledger
