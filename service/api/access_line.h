// The access line of one call, from its beginning to its end, for both fronts.
#pragma once

#include <optional>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "service/base/access_log.h"
#include "service/base/error_details.h"
#include "service/base/principal.h"
#include "service/base/steady_time.h"

namespace genledger {

// For one thread at a time. What is dropped before its end was given up by its caller.
class AccessLine {
 public:
  // The call begins now. `log`: null, nothing is told. `front` and `method` as in AccessRecord.
  AccessLine(AccessLog* log, std::string_view front, std::string_view method) : log_(log) {
    if (log_ != nullptr) {
      record_.start = absl::Now();
      record_.front = front;
      record_.method = method;
      began_ = SteadyNow();
    }
  }

  ~AccessLine() { End(absl::CancelledError("the caller has gone")); }
  AccessLine(AccessLine&& other) noexcept
      : log_(std::exchange(other.log_, nullptr)),
        record_(std::move(other.record_)),
        began_(other.began_) {}
  AccessLine& operator=(AccessLine&&) = delete;

  void SetCaller(const Principal& caller) {
    if (log_ != nullptr) {
      record_.caller = caller.name;
      record_.tenant = caller.tenant;
    }
  }

  // It ends with this status, and is told. What follows is ignored.
  void End(const absl::Status& status) {
    AccessLog* const log = std::exchange(log_, nullptr);
    if (log == nullptr) {
      return;
    }
    record_.duration = SteadyNow() - began_;
    record_.code = status.code();
    if (!status.ok()) {
      const std::optional<ErrorDetails> details = GetErrorDetails(status);
      record_.reason = details.has_value() ? details->reason : ErrorReason::kUnspecified;
    }
    log->Add(std::move(record_));
  }

 private:
  AccessLog* log_;
  AccessRecord record_;
  absl::Time began_;
};

}  // namespace genledger
