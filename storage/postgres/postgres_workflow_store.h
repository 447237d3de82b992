// The store for many replicas: a PostgreSQL database that they share.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/base/clock.h"
#include "service/base/ids.h"
#include "service/base/logger.h"
#include "storage/workflow_store.h"

namespace genledger {

struct PostgresStoreOptions {
  std::string location;      // as connection_string.h takes it
  Clock* clock = nullptr;    // this machine's; must outlive the store
  Logger* logger = nullptr;  // must outlive the store
  // What all times of submissions are read from; nullptr: the database's clock, which is the one
  // that all replicas share.
  Clock* lease_clock = nullptr;
  // Connections that write, and as many that read.
  int connections = 4;
  size_t group_max = 256;          // writes in one transaction
  size_t queue_depth_max = 65536;  // calls that wait; more are answered UNAVAILABLE
  // A server that takes longer to answer is given up, and a commit with it is in doubt.
  absl::Duration round_trip_timeout = absl::Seconds(10);
};

class PostgresWorkflowStore {
 public:
  // Connects, migrates the schema and starts. Each failure is one line that names host and database
  // and what to do: INVALID_ARGUMENT (a connection string that libpq does not understand, or with a
  // password), FAILED_PRECONDITION (a newer schema, another application's database, a server that
  // does not let synchronous_commit be set), UNAVAILABLE (no connection, a wrong password, no such
  // database, a standby).
  //
  // ExpireAllLeases ends only leases that have run out: the others may be living replicas'.
  static absl::StatusOr<std::unique_ptr<WorkflowStore>> Open(const PostgresStoreOptions& options);
};

}  // namespace genledger
