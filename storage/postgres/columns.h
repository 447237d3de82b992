// The columns of the tables that take many rows at once, and the statements over them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/postgres/connection.h"
#include "storage/postgres/parameters.h"

namespace genledger::postgres {

struct Column {
  const char* name;
  const char* type;  // bigint, bytea or text
};

// In the order of rows.cc. Of a submission, those up to kSubmissionFixedColumns are written once.
inline constexpr Column kSubmissionColumns[] = {
    {"id", "bytea"},
    {"tenant", "text"},
    {"account", "text"},
    {"request", "bytea"},
    {"hash", "bytea"},
    {"hash_version", "bigint"},
    {"request_id", "bytea"},
    {"dedupe_mode", "bigint"},
    {"dedupe_window", "bigint"},
    {"labels", "bytea"},
    {"possible_duplicate_of", "bytea"},
    {"create_time", "bigint"},
    {"state", "bigint"},
    {"revision", "bigint"},
    {"task_id", "bytea"},
    {"request_id_count", "bigint"},
    {"anonymous_caller", "bigint"},
    {"ambiguity_policy", "bigint"},
    {"holds_hash", "bigint"},
    {"superseded_by", "bytea"},
    {"has_failure", "bigint"},
    {"failure_reason", "bigint"},
    {"failure_message", "bytea"},
    {"failure_http_status", "bigint"},
    {"failure_retryable", "bigint"},
    {"failure_reopen_time", "bigint"},
    {"update_time", "bigint"},
    {"submit_time", "bigint"},
    {"submit_deadline_time", "bigint"},
    {"next_attempt_time", "bigint"},
    {"dedupe_expire_time", "bigint"},
    {"cancel_request_time", "bigint"},
    {"run", "bigint"},
    {"attempt_count", "bigint"},
    {"run_attempts", "bigint"},
    {"run_counted_posts", "bigint"},
    {"run_trusted_refusals", "bigint"},
    {"failed_runs", "bigint"},
    {"unsettled_attempts", "bigint"},
    {"resubmitted_once", "bigint"},
    {"upstream_posts_sent", "bigint"},
    {"charges_min", "bigint"},
    {"charges_max", "bigint"},
    {"lease_owner", "text"},
    {"epoch", "bigint"},
    {"lease_expire_time", "bigint"},
    {"run_reposts", "bigint"},
    {"never_repost", "bigint"},
};
inline constexpr size_t kSubmissionFixedColumns = 12;

inline constexpr Column kAttemptColumns[] = {
    {"tenant", "text"},
    {"id", "bytea"},
    {"number", "bigint"},
    {"run", "bigint"},
    {"outcome", "bigint"},
    {"start_time", "bigint"},
    {"end_time", "bigint"},
    {"http_status", "bigint"},
    {"upstream_code", "bytea"},
    {"upstream_message", "bytea"},
    {"upstream_request_id", "bytea"},
    {"task_ids", "bytea"},
    {"idempotency_key", "bytea"},
    {"base_url", "bytea"},
    {"credential_fingerprint", "text"},
    {"replica", "text"},
    {"epoch", "bigint"},
    {"kind", "bigint"},
    {"may_be_charged", "bigint"},
};

inline constexpr Column kEventColumns[] = {
    {"tenant", "text"}, {"id", "bytea"},      {"revision", "bigint"}, {"time", "bigint"},
    {"type", "text"},   {"state", "bigint"},  {"attempt", "bigint"},  {"actor", "bytea"},
    {"note", "bytea"},  {"task_id", "bytea"}, {"outcome", "bigint"},  {"reason", "bigint"},
};

// Rows on their way into one statement: an array for each column.
class RowBatch {
 public:
  explicit RowBatch(size_t columns) : arrays_(columns) {}

  // Call for each column of a row in turn.
  Array& Next() {
    Array& array = arrays_[next_];
    next_ = (next_ + 1) % arrays_.size();
    return array;
  }
  void EndRow();  // checks that the row was complete

  int64_t rows() const { return rows_; }
  // The arrays as $1, $2, …
  Values Parameters() const;

 private:
  std::vector<Array> arrays_;
  size_t next_ = 0;
  int64_t rows_ = 0;
};

// "s.id, s.tenant, …".
std::string SelectList(std::span<const Column> columns, std::string_view alias);

// Constants, made once: INSERT of whole rows, of which a key that is taken fails the statement;
// for attempts, replaces the row.
const std::string& InsertSubmissionsSql();
const std::string& PutAttemptsSql();
const std::string& InsertEventsSql();
// $1 tenants, $2 ids, $3 revisions before, then the changing columns, then the number of rows.
// Fails with 22012 (division by zero), and so ends the transaction before its COMMIT, unless every
// row still had its revision.
const std::string& UpdateSubmissionsSql();

}  // namespace genledger::postgres
