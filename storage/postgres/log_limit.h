// Failures that come by the hundred are told once a second.
#pragma once

#include <map>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/base/steady_time.h"

namespace genledger::postgres {

// Thread safe.
class LogLimit {
 public:
  // Whether something of this kind may be logged now. Kinds are kept, so there must be few.
  bool Admits(const std::string& kind) {
    const absl::Time now = SteadyNow();
    absl::MutexLock lock(&mu_);
    absl::Time& next = next_.try_emplace(kind, absl::InfinitePast()).first->second;
    if (now < next) {
      return false;
    }
    next = now + absl::Seconds(1);
    return true;
  }

 private:
  absl::Mutex mu_;
  std::map<std::string, absl::Time> next_ ABSL_GUARDED_BY(mu_);
};

}  // namespace genledger::postgres
