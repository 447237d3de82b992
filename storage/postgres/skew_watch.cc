#include "storage/postgres/skew_watch.h"

#include <algorithm>

namespace genledger::postgres {
namespace {

constexpr absl::Duration kSkewMax = absl::Seconds(2);
constexpr absl::Duration kWarningInterval = absl::Minutes(1);

}  // namespace

void SkewWatch::Note(absl::Time asked, absl::Time answered, absl::Time database_time) {
  // What the round trip explains is no skew.
  const absl::Duration skew = database_time > answered
                                  ? database_time - answered
                                  : std::min(database_time - asked, absl::ZeroDuration());
  {
    absl::MutexLock lock(&mu_);
    skew_ = skew;
    if (absl::AbsDuration(skew) <= kSkewMax || answered < next_warning_) {
      return;
    }
    next_warning_ = answered + kWarningInterval;
  }
  logger_->Log(Severity::kWarning, "clock_skew",
               {{"database_is_ahead_by", absl::FormatDuration(skew)}});
}

absl::Duration SkewWatch::skew() const {
  absl::MutexLock lock(&mu_);
  return skew_;
}

}  // namespace genledger::postgres
