// A logger that remembers the names of its records.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "service/base/logger.h"

namespace genledger::fakes {

// Thread safe.
class RecordingLogger : public Logger {
 public:
  void Log(Severity /*severity*/, std::string_view event,
           std::initializer_list<Field> /*fields*/) override {
    absl::MutexLock lock(&mu_);
    events_.emplace_back(event);
  }

  int CountOf(std::string_view event) const {
    absl::MutexLock lock(&mu_);
    return static_cast<int>(std::count(events_.begin(), events_.end(), event));
  }

 private:
  mutable absl::Mutex mu_;
  std::vector<std::string> events_ ABSL_GUARDED_BY(mu_);
};

}  // namespace genledger::fakes
