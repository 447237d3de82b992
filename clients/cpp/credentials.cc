#include "clients/cpp/credentials.h"

#include <string>

#include "clients/cpp/small_file.h"

namespace genledger::client {

std::optional<Error> AddCredentials(const ClientOptions& options, grpc::ClientContext& context) {
  if (options.token_file.empty()) {
    return std::nullopt;
  }
  const Result<std::string> token = ReadToken(options.token_file);
  if (!token.ok()) {
    return token.error();
  }
  context.AddMetadata("authorization", "Bearer " + *token);
  return std::nullopt;
}

}  // namespace genledger::client
