#include "tests/bench/channels.h"

namespace genledger::bench {
namespace {

std::shared_ptr<grpc::ChannelCredentials> CredentialsOf(const Identity* identity) {
  if (identity == nullptr) {
    return grpc::InsecureChannelCredentials();
  }
  return grpc::CompositeChannelCredentials(
      grpc::SslCredentials({.pem_root_certs = identity->certificate}),
      grpc::AccessTokenCredentials(identity->token));
}

}  // namespace

Channels::Channels(const std::vector<std::string>& addresses, int per_address,
                   const Identity* identity) {
  const std::shared_ptr<grpc::ChannelCredentials> credentials = CredentialsOf(identity);
  for (int i = 0; i < per_address; ++i) {
    for (const std::string& address : addresses) {
      grpc::ChannelArguments arguments;
      // Otherwise all channels to one address would share one connection.
      arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
      channels_.push_back(grpc::CreateCustomChannel(address, credentials, arguments));
    }
  }
}

}  // namespace genledger::bench
