// The one place that decides whether and when a call is attempted again.
#pragma once

#include <grpcpp/client_context.h>

#include <functional>
#include <optional>

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

}  // namespace genledger::client
