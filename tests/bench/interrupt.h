// SIGINT, SIGTERM and SIGHUP end a benchmark in an orderly way: what was started is ended.
#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace genledger::bench {

// From now on the first such signal is remembered; a second one ends the process at once (its
// children end with it, its directory stays). Call once, before anything is started.
void RememberInterrupts();

// CANCELLED once a signal came.
absl::Status CheckInterrupt();

// Sleeps until that time. CANCELLED as soon as a signal came.
absl::Status SleepUntil(absl::Time time);

}  // namespace genledger::bench
