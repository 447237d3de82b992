// The one place that decides whether and when a call is attempted again.
#pragma once

#include <grpcpp/client_context.h>

#include <functional>
#include <optional>
#include <variant>

#include "absl/time/time.h"
#include "clients/cpp/error.h"
#include "clients/cpp/options.h"

namespace genledger::client {

// Starts one attempt on a fresh context whose deadline is set.
using AttemptFunction = std::function<grpc::Status(grpc::ClientContext&)>;

// Attempts until one succeeds (nullopt), or until no further attempt is allowed: then the last
// error, with `attempts` and `stop` filled in. All attempts share one deadline, `timeout` from now.
// Blocks; thread safe if the environment is.
std::optional<Error> CallWithRetries(const RetryOptions& options, const Environment& environment,
                                     absl::Duration timeout, const AttemptFunction& attempt);

// What follows a failed attempt: the delay before the next one, or why there is none. Of `error`
// its `attempts` are counted; at `deadline` the next attempt must have begun.
std::variant<absl::Duration, RetryStop> AfterFailure(const RetryOptions& options,
                                                     const Environment& environment,
                                                     const Error& error, absl::Time deadline);

// The failed attempt's error, with what grpc-retry-pushback-ms said. CANCELLED, which nobody here
// has done, is UNAVAILABLE: the call was reset.
Error ErrorFromAttempt(const grpc::Status& status, const grpc::ClientContext& context);

}  // namespace genledger::client
