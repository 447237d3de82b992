// Connections that this store can use, opened again when they are lost.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/postgres/connection.h"
#include "storage/postgres/connection_string.h"

namespace genledger::postgres {

// Connects and makes sure that the server takes writes and lets each of them wait for the disk.
// UNAVAILABLE, FAILED_PRECONDITION if synchronous_commit cannot be set.
absl::StatusOr<std::unique_ptr<Connection>> OpenWritable(const ConnectionParameters& parameters,
                                                         absl::Duration timeout);

// A connection for life. While the server is away, callers are told so at once, and it is asked
// again from time to time. Used by one thread.
class Session {
 public:
  Session(ConnectionParameters parameters, absl::Duration timeout)
      : parameters_(std::move(parameters)), timeout_(timeout) {}

  // An open connection; it stays this object's. UNAVAILABLE.
  absl::StatusOr<Connection*> Get();
  // Gives up the connection, and tries a new one at the next Get.
  void Drop() { connection_ = nullptr; }

 private:
  const ConnectionParameters parameters_;
  const absl::Duration timeout_;
  std::unique_ptr<Connection> connection_;
  absl::Status failure_;
  absl::Duration pause_ = absl::ZeroDuration();
  absl::Time next_try_ = absl::InfinitePast();
};

}  // namespace genledger::postgres
