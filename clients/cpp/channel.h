// From options to a gRPC channel.
#pragma once

#include <grpcpp/channel.h>

#include <memory>
#include <string>
#include <string_view>

#include "clients/cpp/options.h"
#include "clients/cpp/result.h"

namespace genledger::client {

// Pages of 1,000 submissions with prompts of 16 KiB must fit; gRPC's default is 4 MiB.
inline constexpr int kAnswerBytesMax = 64 << 20;

struct Address {
  std::string target;  // in gRPC's syntax
  bool local = false;  // loopback or a unix socket
};

// "host:port", "[v6]:port", "unix:PATH". INVALID_ARGUMENT with one clear line otherwise.
Result<Address> ParseAddress(std::string_view text);

// A lazily connecting channel; nothing is sent. gRPC's own retries are off (the client's loop is
// the one owner), and so are proxies from the environment for local addresses.
// INVALID_ARGUMENT: the address, contradicting security options, or a PEM file that cannot be read.
Result<std::shared_ptr<grpc::Channel>> MakeChannel(const ClientOptions& options);

}  // namespace genledger::client
