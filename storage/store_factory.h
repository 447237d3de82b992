// From --store to an open store.
#pragma once

#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "service/base/clock.h"
#include "service/base/logger.h"
#include "storage/workflow_store.h"

namespace genledger {

struct StoreFactoryOptions {
  Clock* clock = nullptr;    // must outlive the store
  Logger* logger = nullptr;  // must outlive the store
  // Of a PostgreSQL store: connections that write, and as many that read.
  int postgres_connections = 4;
};

// Whether `location` names a store that several replicas share.
bool IsSharedStore(std::string_view location);

// `location` is "sqlite:PATH" or a connection string of PostgreSQL
// (storage/postgres/connection_string.h). INVALID_ARGUMENT for anything that is no location,
// otherwise the errors of SqliteWorkflowStore::Open or PostgresWorkflowStore::Open.
absl::StatusOr<std::unique_ptr<WorkflowStore>> OpenStore(std::string_view location,
                                                         const StoreFactoryOptions& options);

}  // namespace genledger
