// How far a bulk run is, in one line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"

namespace genledger::ctl {

struct BulkProgress {
  int64_t done = 0;
  std::optional<int64_t> total;  // nullopt: standard input does not say
  int64_t failed = 0;
  absl::Duration elapsed;
};

// "[#####.....]  50%  500 of 1000, 3 failed, 12/s, 42s left"; without a total
// "500 done, 3 failed, 12/s".
std::string ProgressBarText(const BulkProgress& progress);

}  // namespace genledger::ctl
