// How long simulated worlds keep what has finished.
#pragma once

#include "absl/time/time.h"

namespace genledger::simulation {

// Far longer than anything is on its way. Months would be the same, with more empty time.
inline constexpr absl::Duration kRetention = absl::Hours(2);
inline constexpr absl::Duration kTombstoneRetention = absl::Hours(6);
inline constexpr absl::Duration kSweepInterval = absl::Minutes(10);

}  // namespace genledger::simulation
