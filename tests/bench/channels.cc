#include "tests/bench/channels.h"

namespace genledger::bench {

Channels::Channels(const std::vector<std::string>& addresses, int per_address) {
  for (int i = 0; i < per_address; ++i) {
    for (const std::string& address : addresses) {
      grpc::ChannelArguments arguments;
      // Otherwise all channels to one address would share one connection.
      arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
      channels_.push_back(
          grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
    }
  }
}

}  // namespace genledger::bench
