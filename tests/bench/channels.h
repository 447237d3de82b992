// The TCP connections of a load.
#pragma once

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/identity.h"

namespace genledger::bench {

// `per_address` connections to each address ("host:port"): in plaintext, or with an identity, by
// TLS and with its token. Immutable, thread safe.
class Channels {
 public:
  Channels(const std::vector<std::string>& addresses, int per_address,
           const Identity* identity = nullptr);

  // One stub of Service for each of them.
  template <typename Service>
  std::vector<std::unique_ptr<typename Service::Stub>> Stubs() const {
    std::vector<std::unique_ptr<typename Service::Stub>> stubs;
    stubs.reserve(channels_.size());
    for (const std::shared_ptr<grpc::Channel>& channel : channels_) {
      stubs.push_back(Service::NewStub(channel));
    }
    return stubs;
  }

 private:
  std::vector<std::shared_ptr<grpc::Channel>> channels_;
};

}  // namespace genledger::bench
