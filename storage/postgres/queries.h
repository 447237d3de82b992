// WorkflowStore's queries over one connection.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/postgres/connection.h"
#include "storage/workflow_store.h"

namespace genledger::postgres {

// Where queries are run.
struct QueryContext {
  Connection* connection;
  absl::Duration timeout;  // of one round trip
};

// Errors are those of WorkflowStore's call of that name. A transaction may be left open by a
// failure.
absl::StatusOr<SubmissionWithAttempts> RunGet(const QueryContext& context, const GetQuery& query);
absl::StatusOr<std::vector<SubmissionWithAttempts>> RunBatchGet(const QueryContext& context,
                                                                const BatchGetQuery& query);
absl::StatusOr<ListPage> RunList(const QueryContext& context, const ListQuery& query);
absl::StatusOr<std::vector<SubmissionEvent>> RunListEvents(const QueryContext& context,
                                                           const ListEventsQuery& query);
absl::StatusOr<StoreCounts> RunCount(const QueryContext& context);

}  // namespace genledger::postgres
