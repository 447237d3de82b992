// How long the connection that listens stays closed after a failure.
#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace genledger::postgres {

inline constexpr absl::Duration kReconnectPause = absl::Seconds(1);
inline constexpr absl::Duration kReconnectPauseMax = absl::Seconds(60);

// The pause after `failure`, when the one before it was `last`; zero: there was none. A server that
// does not have LISTEN at all is asked ever more rarely.
absl::Duration NextReconnectPause(const absl::Status& failure, absl::Duration last);

}  // namespace genledger::postgres
