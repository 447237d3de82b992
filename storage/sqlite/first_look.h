// What the records tell about a SubmitCommand before anything is written for it.
#pragma once

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/sqlite/record_reader.h"
#include "storage/workflow_store.h"

namespace genledger::sqlite {

// WorkflowStore::LookFirst; each look-up sees its own newest snapshot. Throws SQLite::Exception:
// callers stand inside Guard().
absl::StatusOr<FirstLook> RunLookFirst(RecordReader& reader, const SubmitCommand& command,
                                       absl::Time now);

}  // namespace genledger::sqlite
