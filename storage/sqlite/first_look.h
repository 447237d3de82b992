// What the records tell about a SubmitCommand before anything is written for it.
#pragma once

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/sqlite/record_cache.h"
#include "storage/sqlite/record_reader.h"
#include "storage/workflow_store.h"

namespace genledger::sqlite {

// What a cached record answers as it is; without a submission otherwise.
FirstLook LookInto(const RecordCache& cache, const NewSubmission& request, absl::Time now);

// WorkflowStore::LookFirst; each look-up sees its own newest snapshot. Throws SQLite::Exception:
// callers stand inside Guard().
absl::StatusOr<FirstLook> RunLookFirst(RecordReader& reader, const SubmitCommand& command,
                                       absl::Time now);

}  // namespace genledger::sqlite
