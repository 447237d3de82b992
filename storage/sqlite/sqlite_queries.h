// WorkflowStore's queries over a connection that only reads.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "storage/sqlite/record_cache.h"
#include "storage/sqlite/record_reader.h"
#include "storage/workflow_store.h"

namespace genledger::sqlite {

// Errors are those of WorkflowStore's call of that name. Call inside one snapshot and Guard().
absl::StatusOr<SubmissionWithAttempts> RunGet(RecordReader& reader, const GetQuery& query);
// What the cache answers to a query of one tenant; null otherwise.
SharedSubmission GetFrom(const RecordCache& cache, const GetQuery& query);
// For queries of one tenant. One look-up: needs no snapshot.
absl::StatusOr<SharedSubmission> RunGetNow(RecordReader& reader, const GetQuery& query);
absl::StatusOr<std::vector<SubmissionWithAttempts>> RunBatchGet(RecordReader& reader,
                                                                const BatchGetQuery& query);
absl::StatusOr<ListPage> RunList(RecordReader& reader, const ListQuery& query);
absl::StatusOr<std::vector<SubmissionEvent>> RunListEvents(RecordReader& reader,
                                                           const ListEventsQuery& query);
StoreCounts RunCount(RecordReader& reader);

}  // namespace genledger::sqlite
