// What it costs a store to claim submissions that are due.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace genledger::bench {

struct ClaimCost {
  absl::Duration cpu;  // of the store, for each submission that is claimed
  absl::Duration p50;  // of a claim of several, its commit included
};

// Opens the SQLite store in this process, adds `claims` PENDING submissions of an account of its
// own, and claims them a few at a time. No server may have the store open; nothing else may run in
// this process. What was claimed stays DISPATCHING: the store is of no use for servers afterwards.
absl::StatusOr<ClaimCost> MeasureClaims(const std::string& path, int64_t claims);

}  // namespace genledger::bench
