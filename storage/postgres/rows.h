// Records to rows and back. The column order is columns.h's.
#pragma once

#include "absl/status/statusor.h"
#include "service/domain/submission.h"
#include "storage/postgres/columns.h"
#include "storage/postgres/connection.h"

namespace genledger::postgres {

// Reads the columns of one row in turn.
class RowCursor {
 public:
  RowCursor(const Rows* rows, int row, int first_column = 0)
      : rows_(rows), row_(row), column_(first_column) {}

  int64_t Int() { return rows_->Int(row_, column_++); }
  int32_t Int32() { return static_cast<int32_t>(Int()); }
  bool Bool() { return Int() != 0; }
  std::string Text() { return std::string(rows_->Text(row_, column_++)); }
  std::string Bytes() { return rows_->Bytes(row_, column_++); }
  bool IsNull() const { return rows_->IsNull(row_, column_); }

 private:
  const Rows* const rows_;
  const int row_;
  int column_;
};

void AddSubmission(const Submission& submission, RowBatch& batch);
// For UpdateSubmissionsSql, but for the number of rows.
void AddSubmissionUpdate(int64_t before_revision, const Submission& after, RowBatch& batch);
void AddAttempt(const Submission& submission, const Attempt& attempt, RowBatch& batch);
void AddEvent(const Submission& submission, const SubmissionEvent& event, RowBatch& batch);

// A submission's id, in a column of its own.
SubmissionId ReadId(RowCursor& row);

// INTERNAL for a row that this binary cannot have written. The cursor stands at the first of the
// columns.
absl::StatusOr<Submission> ReadSubmission(RowCursor& row);
absl::StatusOr<Attempt> ReadAttempt(RowCursor& row);  // behind tenant and id
absl::StatusOr<SubmissionEvent> ReadEvent(RowCursor& row);

}  // namespace genledger::postgres
