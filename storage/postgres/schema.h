// The database's schema and how older databases reach it.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "storage/postgres/connection.h"

namespace genledger::postgres {

// The version that this binary reads and writes.
inline constexpr int32_t kSchemaVersion = 1;

// Brings the database to kSchemaVersion, in one transaction under the lock of the row that holds
// the version: replicas that start together wait for one another. A step only adds, so that
// replicas of the version before go on meanwhile. FAILED_PRECONDITION, with one line, for a
// database that a newer binary wrote or that is another application's; UNAVAILABLE.
absl::Status Migrate(Connection& connection);

}  // namespace genledger::postgres
