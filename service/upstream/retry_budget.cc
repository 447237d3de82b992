#include "service/upstream/retry_budget.h"

#include <algorithm>

#include "service/base/check.h"

namespace genledger {
namespace {

// Threads read the clock before they come here, so `now` may be a little older than the last one;
// only a greater step back is one of the clock's.
constexpr absl::Duration kClockJitterMax = absl::Seconds(1);
// Fractions of a token that sums of 0.2 and of seconds leave behind.
constexpr double kRounding = 1e-9;

}  // namespace

RetryBudget::RetryBudget(RetryBudgetOptions options, absl::Time now)
    : options_(options), tokens_(options.tokens_max), refill_time_(now) {
  GL_CHECK(options.tokens_max >= 1 && options.tokens_per_second > 0, "a retry could never go out");
}

double RetryBudget::TokensAt(absl::Time now) const {
  const double seconds = std::max(0.0, absl::ToDoubleSeconds(now - refill_time_));
  return std::min(options_.tokens_max, tokens_ + seconds * options_.tokens_per_second);
}

void RetryBudget::Refill(absl::Time now) {
  tokens_ = TokensAt(now);
  if (now > refill_time_ || refill_time_ - now > kClockJitterMax) {
    refill_time_ = now;
  }
}

void RetryBudget::OnFirstAttempt(absl::Time now) {
  absl::MutexLock lock(&mu_);
  Refill(now);
  tokens_ = std::min(options_.tokens_max, tokens_ + options_.tokens_per_first_attempt);
}

absl::Time RetryBudget::Take(const AttemptResult& result, absl::Time latest, absl::Time now) {
  if (!result.spends_retry_budget) {
    return now;
  }
  absl::MutexLock lock(&mu_);
  Refill(now);
  absl::Time when = now;
  if (tokens_ + kRounding < 1) {
    when += absl::Seconds((1 - tokens_) / options_.tokens_per_second);
  }
  if (when <= latest) {
    tokens_ -= 1;
  }
  return when;
}

double RetryBudget::left(absl::Time now) const {
  absl::MutexLock lock(&mu_);
  return TokensAt(now);
}

}  // namespace genledger
