// What a front (service/rpc, service/http) tells about a call besides its request.
#pragma once

#include <memory>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "service/base/error_details.h"
#include "service/base/principal.h"
#include "service/dispatch/call_handle.h"

namespace genledger {

struct ApiCall {
  Principal caller;  // authenticated
  // Until the caller stops listening.
  absl::Duration time_left = absl::InfiniteDuration();
  // What the front could not read of the request. A call with faults is refused with them, writes
  // nothing and answers for nothing: the request is not whole.
  std::vector<FieldViolation> faults;
};

// Ends a call, exactly once, on any thread; the response is filled if the status is OK. Errors are
// public ones (service/base/errors.h).
using ApiDone = absl::AnyInvocable<void(const absl::Status&)>;

// How the front gives up waiting; null where nothing waits.
using ApiHandle = std::shared_ptr<CallHandle>;

}  // namespace genledger
