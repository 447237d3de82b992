// One Genledger process: everything wired together, and its life cycle.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "service/server/server_config.h"

namespace genledger {

class Server {
 public:
  // Opens the store, recovers what a dead process left, and serves. Every way in which this can
  // fail is one line.
  static absl::StatusOr<std::unique_ptr<Server>> Start(ServerConfig config);

  virtual ~Server() = default;

  // The bound gRPC port.
  virtual int port() const = 0;

  // Refuses new work, answers those who wait, lets POSTs that are out finish (within
  // drain_timeout), records their outcomes and closes the store. False if POSTs had to be given up.
  // Call once.
  virtual bool Drain() = 0;
};

}  // namespace genledger
