// Which rows each call of WorkflowStore will look up and may change.
#pragma once

#include <string_view>

#include "storage/postgres/write_command.h"
#include "storage/workflow_store.h"

namespace genledger::postgres {

WritePlan PlanOf(const SubmitCommand& command);
WritePlan PlanOf(const ApplyCommand& command);
WritePlan PlanOf(const CancelCommand& command);
WritePlan PlanOf(const ClaimDueCommand& command);
// What is alone, and one at a time per `name`. Whoever looks for what is due is one of kClaims.
inline constexpr std::string_view kClaims = "claim";
WritePlan PlanAlone(std::string_view name);

// The look-ups of dedupe.
LookUps LookUpsOf(const NewSubmission& request);

}  // namespace genledger::postgres
