// How many attempts may be out at once: found out from how the upstream takes them.
#pragma once

#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/domain/attempt_result.h"

namespace genledger {

struct ConcurrencyLimiterOptions {
  int32_t limit_initial = 1000;
  int32_t limit_max = 1000;
  // A gentle factor, because it acts once per decrease_interval and an answer may be many intervals
  // old: what is still under way was sent under the old limit and will be refused as well. Over the
  // 5 to 6 s that a POST takes this makes about the halving per round trip that TCP does; a factor
  // of 0.5 would take 64 times off for the one same burst, and one step up per round trip would
  // need hours to come back.
  double decrease_factor = 0.9;  // in (0, 1)
  absl::Duration decrease_interval = absl::Seconds(1);
};

// Additive increase, multiplicative decrease. The limit is in [1, limit_max]: it slows down, it
// never stops. Stopping is the breakers' business.
//
// Up after every `limit` acceptances (a round: about one round trip) that came while at least half
// of the limit was in use: by 1 first, and by twice as much as before in each further round without
// a decrease, so that a burst of 429s a minute ago does not hold a ten thousand wide upstream down
// for hours, and no round more than doubles the limit (one that
// is idle proves nothing). Down on what says "too much": 429, 503, and timeouts (408, 504, 522,
// 524, our own connect and total timeouts). Everything else, and refusals of ours
// (IsLocalRefusal), changes nothing.
//
// Thread safe; never blocks. `now` is the injected clock's.
class ConcurrencyLimiter {
 public:
  explicit ConcurrencyLimiter(ConcurrencyLimiterOptions options);

  // More than this must not be out. When it falls below what is out, nothing is recalled.
  int32_t limit() const;

  // An attempt ended in `result`; `in_flight` were out just before, this one included.
  void OnResult(const AttemptResult& result, int32_t in_flight, absl::Time now);

 private:
  const ConcurrencyLimiterOptions options_;
  mutable absl::Mutex mu_;
  int32_t limit_ ABSL_GUARDED_BY(mu_);
  // Since the limit last changed.
  int32_t acceptances_ ABSL_GUARDED_BY(mu_) = 0;
  // What the next full round adds.
  int32_t step_ ABSL_GUARDED_BY(mu_) = 1;
  absl::Time decrease_time_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
};

}  // namespace genledger
