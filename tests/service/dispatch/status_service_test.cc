#include "service/dispatch/status_service.h"

#include <gtest/gtest.h>

#include <optional>

#include "service/dispatch/readiness.h"
#include "tests/service/dispatch/dispatch_harness.h"

namespace genledger {
namespace {

class StatusServiceTest : public ::testing::Test {
 protected:
  absl::StatusOr<ServiceStatus> Get(Role role) {
    std::optional<absl::StatusOr<ServiceStatus>> answer;
    service_.Get({.name = "somebody", .role = role},
                 [&](absl::StatusOr<ServiceStatus> status) { answer = std::move(status); });
    return *std::move(answer);
  }

  DispatchHarness h_;
  Readiness readiness_{
      {},
      {.store = &h_.store, .timers = &h_.timers, .clock = &h_.clock, .logger = &h_.logger},
      [](bool /*ready*/) {}};
  StatusService service_{{.version = "1", .replica = "ledger-0", .start_time = h_.clock.Now()},
                         {.store = &h_.store,
                          .dispatcher = &h_.dispatcher,
                          .journal = h_.journal.get(),
                          .readiness = &readiness_,
                          .hub = &h_.hub,
                          .clock = &h_.clock}};
};

TEST_F(StatusServiceTest, TellsWhyTheStoreFailsWhileItFails) {
  readiness_.Start();
  EXPECT_TRUE(Get(Role::kOperator)->counts.has_value());
  h_.store.FailHealth(true);
  h_.store.FailCounts(true);
  h_.timers.AdvanceBy(absl::Seconds(31));
  const absl::StatusOr<ServiceStatus> status = Get(Role::kOperator);
  ASSERT_TRUE(status.ok()) << status.status();
  EXPECT_FALSE(status->ready);
  EXPECT_EQ(status->not_ready_reason, "the store: it is a standby");
  EXPECT_FALSE(status->counts.has_value());
}

TEST_F(StatusServiceTest, AnswersOperatorsOnly) {
  EXPECT_TRUE(Get(Role::kOperator).ok());
  EXPECT_TRUE(absl::IsPermissionDenied(Get(Role::kReader).status()));
  EXPECT_TRUE(absl::IsPermissionDenied(Get(Role::kCaller).status()));
}

}  // namespace
}  // namespace genledger
