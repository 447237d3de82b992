// What a call shows of who makes it.
#pragma once

#include <grpcpp/client_context.h>

#include <optional>

#include "clients/cpp/error.h"
#include "clients/cpp/options.h"

namespace genledger::client {

// Adds the bearer token of `options.token_file` to a call that has not begun; without a file,
// nothing. UNAUTHENTICATED: the token cannot be used, see ReadToken.
std::optional<Error> AddCredentials(const ClientOptions& options, grpc::ClientContext& context);

}  // namespace genledger::client
