// What opens the two breakers: the upstream's and the account's (DESIGN.md section 6).
#pragma once

#include <cstdint>
#include <memory>

#include "absl/time/time.h"
#include "service/upstream/circuit_breaker.h"

namespace genledger {

struct UpstreamBreakerOptions {
  int32_t failures_in_a_row = 5;
  // Or: at least half of the results within `window`, if there are this many.
  int32_t window_results_min = 20;
  absl::Duration window = absl::Seconds(30);
  // No more results than this are remembered, so under heavy load the window is shorter.
  int32_t window_results_max = 4096;
};

// The upstream is down. Failures are NOT_SENT, AMBIGUOUS and 5xx (of the answer, or within one that
// only --trust_5xx_envelope made a refusal); every other answer, refusals included, is a success:
// somebody is there and thinks. A content refusal (build_request_failed) counts as one even under a
// 5xx status: one caller's bad prompts must not close the upstream to all.
std::unique_ptr<BreakerPolicy> NewUpstreamBreakerPolicy(UpstreamBreakerOptions options);

struct AccountBreakerOptions {
  int32_t forbidden_per_model = 3;
  // Further models share one count.
  int32_t models_max = 64;
};

// The upstream refuses our key. 401 and 402 open at once; 403 when the same model met it
// forbidden_per_model times (a submission meets it once per key and run) without an acceptance of
// that model in between. A probe works if it is accepted, fails on these, and everything else says
// nothing about the key: NOT_SENT, 429, 5xx, a content refusal.
//
// An acceptance of one model closes the breaker, but does not forget another model's 403s: the next
// 403 of that model opens it again.
std::unique_ptr<BreakerPolicy> NewAccountBreakerPolicy(AccountBreakerOptions options);

}  // namespace genledger
