#include "storage/postgres/reconnect_pause.h"

#include <gtest/gtest.h>

#include "storage/postgres/sql_error.h"

namespace genledger::postgres {
namespace {

TEST(ReconnectPause, LostConnectionsAreOpenedAgainSoon) {
  const absl::Status lost = SqlError(kNoSqlState, "the server closed the connection");
  EXPECT_EQ(NextReconnectPause(lost, absl::ZeroDuration()), absl::Seconds(1));
  EXPECT_EQ(NextReconnectPause(lost, absl::Seconds(1)), absl::Seconds(1));
  EXPECT_EQ(NextReconnectPause(lost, absl::Seconds(60)), absl::Seconds(1));
}

TEST(ReconnectPause, ServerWithoutListenIsAskedEverMoreRarely) {
  for (const char* const sqlstate : {"0A000", "42601"}) {
    SCOPED_TRACE(sqlstate);
    const absl::Status refused = SqlError(sqlstate, "LISTEN");
    absl::Duration pause;
    for (const int seconds : {1, 2, 4, 8, 16, 32, 60, 60}) {
      pause = NextReconnectPause(refused, pause);
      EXPECT_EQ(pause, absl::Seconds(seconds));
    }
  }
}

}  // namespace
}  // namespace genledger::postgres
