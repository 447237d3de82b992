// One line for every call; the implementation is service/telemetry's.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "service/base/error_reason.h"

namespace genledger {

// What is told of a call: nothing of its request or its answer.
struct AccessRecord {
  absl::Time start;         // on the wall clock
  absl::Duration duration;  // to its answer, or to the end of its stream
  // Constants of the program: they are kept as they are.
  std::string_view front;   // "grpc", "http"
  std::string_view method;  // "GetSubmission"
  std::string caller;       // Principal::name; empty: not known
  std::string tenant;
  absl::StatusCode code = absl::StatusCode::kOk;
  ErrorReason reason = ErrorReason::kUnspecified;  // of an error
};

// Thread safe.
class AccessLog {
 public:
  virtual ~AccessLog() = default;

  // Cheap, and never waits for what the lines are written to: it is called on the way of every
  // call.
  virtual void Add(AccessRecord record) = 0;
};

}  // namespace genledger
