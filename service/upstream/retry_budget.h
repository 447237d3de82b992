// How many retries all submissions together may make, so that a sick upstream is not beaten harder.
#pragma once

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/domain/attempt_result.h"

namespace genledger {

// DESIGN.md section 6, "Retries".
struct RetryBudgetOptions {
  double tokens_max = 100;  // also what is there at the start
  double tokens_per_first_attempt = 0.2;
  double tokens_per_second = 1;  // > 0
};

// A bucket of tokens, of which every retry after a 5xx or get_channel_failed takes one. When it is
// empty, retries wait in turn: each is told when its own token will be there, so that a crowd of
// them goes out one by one and not together. It never refuses.
//
// Thread safe; never blocks. `now` is the injected clock's; a step back of that clock adds nothing
// and takes nothing.
class RetryBudget {
 public:
  RetryBudget(RetryBudgetOptions options, absl::Time now);

  // The first attempt of a run goes out.
  void OnFirstAttempt(absl::Time now);

  // The earliest time at which the retry after `result` may go out, a floor for its
  // next_attempt_time: `now` if the result takes no token (AttemptResult::spends_retry_budget) or
  // one is there, else when the next one that nobody was promised will be there. A time after
  // `latest` (when the submission's submit_within ends, and no retry will happen) takes no token.
  absl::Time Take(const AttemptResult& result, absl::Time latest, absl::Time now);

  // Tokens that are there now; below zero: as many more retries wait for theirs.
  double left(absl::Time now) const;

 private:
  double TokensAt(absl::Time now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Refill(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const RetryBudgetOptions options_;
  mutable absl::Mutex mu_;
  double tokens_ ABSL_GUARDED_BY(mu_);
  absl::Time refill_time_ ABSL_GUARDED_BY(mu_);
};

}  // namespace genledger
