#include "service/upstream/concurrency_limiter.h"

#include <algorithm>

#include "service/base/check.h"
#include "service/upstream/http_exchange.h"
#include "service/upstream/local_refusal.h"

namespace genledger {
namespace {

bool IsOverload(const AttemptResult& result) {
  if (result.outcome == AttemptClass::kAccepted || result.outcome == AttemptClass::kRefused ||
      IsLocalRefusal(result)) {
    return false;
  }
  switch (result.http_status) {
    case 0:
      return result.upstream_code == TransportFailureName(TransportFailure::kTimeout) ||
             result.upstream_code == TransportFailureName(TransportFailure::kConnectTimeout);
    case 408:
    case 429:
    case 503:
    case 504:
    case 522:  // Cloudflare: no connection to the origin in time
    case 524:  // Cloudflare: no answer of the origin in time
      return true;
    default:
      // An inner 429 of a 2xx; or the deadline passed in the middle of an answer.
      return result.reason == ErrorReason::kUpstreamRateLimited ||
             (result.outcome == AttemptClass::kAmbiguous &&
              result.upstream_code == TransportFailureName(TransportFailure::kTimeout));
  }
}

}  // namespace

ConcurrencyLimiter::ConcurrencyLimiter(ConcurrencyLimiterOptions options)
    : options_(options),
      limit_(std::clamp(options.limit_initial, 1, std::max(1, options.limit_max))) {
  GL_CHECK(options.limit_max >= 1, "nothing could ever be sent");
  GL_CHECK(options.decrease_factor > 0 && options.decrease_factor < 1, "not a decrease");
}

int32_t ConcurrencyLimiter::limit() const {
  absl::MutexLock lock(&mu_);
  return limit_;
}

void ConcurrencyLimiter::OnResult(const AttemptResult& result, int32_t in_flight, absl::Time now) {
  const bool overload = IsOverload(result);
  if (!overload && result.outcome != AttemptClass::kAccepted) {
    return;
  }
  absl::MutexLock lock(&mu_);
  if (overload) {
    // The absolute difference: threads may come with clock readings in another order, and a clock
    // that was set back must not hold the limit up for long.
    if (absl::AbsDuration(now - decrease_time_) >= options_.decrease_interval) {
      limit_ = std::max(1, static_cast<int32_t>(limit_ * options_.decrease_factor));
      acceptances_ = 0;
      step_ = 1;
      decrease_time_ = now;
    }
    return;
  }
  // Without overflow: in_flight * 2 >= limit.
  if (limit_ == options_.limit_max || in_flight < limit_ - in_flight) {
    return;
  }
  if (++acceptances_ >= limit_) {
    const int32_t step = std::min({step_, limit_, options_.limit_max - limit_});
    limit_ += step;
    step_ = std::min(step_, options_.limit_max) * 2;
    acceptances_ = 0;
  }
}

}  // namespace genledger
