#include "service/upstream/backoff_policy.h"

#include <algorithm>

namespace genledger {

absl::Duration BackoffPolicy::Delay(int failures, std::optional<absl::Duration> retry_after) const {
  absl::Duration window = std::min(options_.base, options_.window_max);
  for (int i = 1; i < failures && window < options_.window_max; ++i) {
    window = std::min(window * 2, options_.window_max);
  }
  return retry_after.value_or(absl::ZeroDuration()) + window * random_->NextUnit();
}

absl::Duration InProgressDelay(std::optional<absl::Duration> retry_after, int resends) {
  constexpr int kDoublingsMax = 3;
  const absl::Duration floor = absl::Seconds(1 << std::clamp(resends, 0, kDoublingsMax));
  return std::max(retry_after.value_or(kInProgressDelayDefault), floor);
}

}  // namespace genledger
