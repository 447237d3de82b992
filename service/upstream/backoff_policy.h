// How far apart the POSTs of one submission are.
#pragma once

#include <optional>

#include "absl/time/time.h"
#include "service/base/random_source.h"

namespace genledger {

// After 409 idempotency_in_progress without a Retry-After.
inline constexpr absl::Duration kInProgressDelayDefault = absl::Seconds(2);

struct BackoffPolicyOptions {
  absl::Duration base = absl::Seconds(1);
  absl::Duration window_max = absl::Seconds(30);
};

// Thread safe as far as `random` is. Nobody sleeps these waits: the caller adds them to the store's
// now and writes the sum as next_attempt_time.
class BackoffPolicy {
 public:
  // `random` must outlive the policy.
  BackoffPolicy(BackoffPolicyOptions options, RandomSource* random)
      : options_(options), random_(random) {}

  // The wait after the `failures`-th failure in a row of a run (1 is the first; less counts as 1):
  // uniform in [0, min(base * 2^(failures - 1), window_max)), on top of `retry_after` if the
  // upstream named one.
  absl::Duration Delay(int failures, std::optional<absl::Duration> retry_after) const;

 private:
  const BackoffPolicyOptions options_;
  RandomSource* const random_;
};

// The wait before the same attempt is sent again after idempotency_in_progress: Retry-After, or
// kInProgressDelayDefault; but at least 1 s, doubling to 8 s with `resends`, the re-sends so far:
// an upstream that says "now" for ever must not be taken at its word.
absl::Duration InProgressDelay(std::optional<absl::Duration> retry_after, int resends);

}  // namespace genledger
