// Records to rows and back. The column order is sql.h's.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "service/domain/submission.h"
#include "storage/sqlite/names.h"
#include "storage/sqlite/statement.h"

namespace genledger::sqlite {

// A record and where it lies.
struct StoredSubmission {
  int64_t seq = 0;
  Submission submission;
};

// Bind whole records; the record must outlive the use, which these run. Return the changed rows.
int InsertSubmissionRow(SQLite::Statement& insert, Names& names, const Submission& submission);
// Compared-and-set: no row is changed unless the stored revision is `before_revision`.
int UpdateSubmissionRow(SQLite::Statement& update, Names& names, int64_t seq,
                        int64_t before_revision, const Submission& after);
int PutAttemptRow(SQLite::Statement& put, Names& names, const Submission& submission, int64_t seq,
                  const Attempt& attempt);
int InsertEventRow(SQLite::Statement& insert, Names& names, const Submission& submission,
                   int64_t seq, const SubmissionEvent& event);

// INTERNAL for a row that this binary cannot have written.
absl::StatusOr<StoredSubmission> DecodeSubmissionRow(const SQLite::Statement& row, Names& names);
// The same, made where it stays.
absl::StatusOr<SharedSubmission> DecodeSharedRow(const SQLite::Statement& row, Names& names);
absl::StatusOr<Attempt> DecodeAttemptRow(const SQLite::Statement& row, Names& names,
                                         const SubmissionId& id);
absl::StatusOr<SubmissionEvent> DecodeEventRow(const SQLite::Statement& row, Names& names,
                                               const TaskId& submission_task_id);

}  // namespace genledger::sqlite
