// From --store to an open store.
#pragma once

#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "service/base/clock.h"
#include "service/base/logger.h"
#include "storage/workflow_store.h"

namespace genledger {

// `location` is "sqlite:PATH". INVALID_ARGUMENT for anything that is no location, UNIMPLEMENTED for
// "postgresql://…", otherwise the errors of SqliteWorkflowStore::Open. Clock and logger must
// outlive the store.
absl::StatusOr<std::unique_ptr<WorkflowStore>> OpenStore(std::string_view location, Clock* clock,
                                                         Logger* logger);

}  // namespace genledger
