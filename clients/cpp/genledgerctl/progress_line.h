// The live line that says, on a terminal, that a submit is still waiting.
#pragma once

#include <functional>
#include <ostream>
#include <string>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"

namespace genledger::ctl {

inline constexpr absl::Duration kProgressTick = absl::Milliseconds(500);

// Redraws "waiting 3s, DISPATCHING" on `err` at once and with every tick until `done`, then wipes
// it. `state` is asked for each line; empty: only the time is shown. Blocks.
void ShowProgressUntil(absl::Notification& done, const std::function<std::string()>& state,
                       std::ostream& err);

}  // namespace genledger::ctl
