// From --store to an open store.
#pragma once

#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "service/base/clock.h"
#include "service/base/logger.h"
#include "storage/workflow_store.h"

namespace genledger {

// `location` is "sqlite:PATH" or a connection string of PostgreSQL
// (storage/postgres/connection_string.h). INVALID_ARGUMENT for anything that is no location,
// otherwise the errors of SqliteWorkflowStore::Open or PostgresWorkflowStore::Open. Clock and
// logger must outlive the store.
// Whether `location` names a store that several replicas share.
bool IsSharedStore(std::string_view location);

absl::StatusOr<std::unique_ptr<WorkflowStore>> OpenStore(std::string_view location, Clock* clock,
                                                         Logger* logger);

}  // namespace genledger
