#include "tests/bench/rows/row_writer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace genledger::bench {
namespace {

// As the proto and the schema number them.
constexpr int64_t kDispatching = 2;
constexpr int64_t kLeaseUs = 90'000'000;
// How many events the first of the two commits writes.
constexpr size_t kEventsOfClaim = 2;

RowValue Integer(int64_t value) { return {.type = RowValue::Type::kInteger, .integer = value}; }
RowValue Text(std::string text) {
  return {.type = RowValue::Type::kText, .bytes = std::move(text)};
}
RowValue Blob(std::string bytes) {
  return {.type = RowValue::Type::kBlob, .bytes = std::move(bytes)};
}

template <size_t N>
void BindBytes(SQLite::Statement& statement, int index, const std::array<uint8_t, N>& bytes) {
  statement.bindNoCopy(index, bytes.data(), static_cast<int>(bytes.size()));
}

void BindValue(SQLite::Statement& statement, int index, const RowValue& value) {
  switch (value.type) {
    case RowValue::Type::kNull:
      statement.bind(index);
      return;
    case RowValue::Type::kInteger:
      statement.bind(index, value.integer);
      return;
    case RowValue::Type::kText:
      statement.bindNoCopy(index, value.bytes);
      return;
    case RowValue::Type::kBlob:
      statement.bindNoCopy(index, value.bytes.data(), static_cast<int>(value.bytes.size()));
      return;
  }
}

void Execute(SQLite::Statement& statement) {
  statement.exec();
  statement.reset();
}

std::string InsertSql(const char* verb, const TableRow& row) {
  std::vector<std::string> places(row.columns.size(), "?");
  return absl::StrCat(verb, " INTO ", row.table, " (", absl::StrJoin(row.columns, ", "),
                      ") VALUES (", absl::StrJoin(places, ", "), ")");
}

}  // namespace

RowWriter::Insert::Insert(SQLite::Database& database, const char* verb, const TableRow& row,
                          int64_t create_time_us)
    : row_(row), create_time_us_(create_time_us), statement_(database, InsertSql(verb, row)) {}

RowWriter::Insert& RowWriter::Insert::Set(const std::string& column, RowValue value) {
  const auto found = std::find(row_.columns.begin(), row_.columns.end(), column);
  row_.values[static_cast<size_t>(found - row_.columns.begin())] = std::move(value);
  return *this;
}

void RowWriter::Insert::BindColumn(int index, const RowKeys& keys) {
  const std::string& column = row_.columns[static_cast<size_t>(index - 1)];
  const RowValue& value = row_.values[static_cast<size_t>(index - 1)];
  if (column == "seq") {
    statement_.bind(index, keys.seq);
  } else if (column == "id") {
    BindBytes(statement_, index, keys.id);
  } else if (column == "hash") {
    BindBytes(statement_, index, keys.hash);
  } else if (column == "request" && !keys.request.empty()) {
    statement_.bindNoCopy(index, keys.request.data(), static_cast<int>(keys.request.size()));
  } else if (column == "request_id" && !value.bytes.empty()) {
    statement_.bindNoCopy(index, keys.request_id);
  } else if (column == "task_id" && value.bytes.size() > 1) {  // one byte says "the submission's"
    statement_.bindNoCopy(index, keys.task_id);
  } else if (column == "task_ids" && !value.bytes.empty()) {
    const std::string list = static_cast<char>(keys.task_id.size()) + keys.task_id;
    statement_.bind(index, list.data(), static_cast<int>(list.size()));
  } else if ((column == "time" || absl::EndsWith(column, "_time")) && value.integer != 0) {
    statement_.bind(index, value.integer - create_time_us_ + keys.create_time_us);
  } else {
    BindValue(statement_, index, value);
  }
}

void RowWriter::Insert::Run(const RowKeys& keys) {
  for (int i = 1; i <= static_cast<int>(row_.columns.size()); ++i) {
    BindColumn(i, keys);
  }
  Execute(statement_);
}

RowWriter::RowWriter(SQLite::Database& database, const RowTemplate& rows)
    : submission_insert_(database, "INSERT", rows.submission, rows.create_time_us),
      dispatching_insert_(database, "INSERT", rows.submission, rows.create_time_us),
      attempt_insert_(database, "INSERT OR REPLACE", rows.attempt, rows.create_time_us),
      started_attempt_insert_(database, "INSERT", rows.attempt, rows.create_time_us),
      task_insert_(database, "INSERT", rows.task, rows.create_time_us),
      accept_(database,
              "UPDATE submissions SET state = 3, revision = revision + 1, task_id = ?2, "
              "update_time = ?3, submit_time = ?3, dedupe_expire_time = ?4, charges_min = 1, "
              "lease_owner = 0, lease_expire_time = 0 WHERE seq = ?1"),
      count_(database, "UPDATE state_counts SET count = ?1 WHERE state = 3") {
  for (const TableRow& row : rows.keys) {
    key_inserts_.emplace_back(database, "INSERT", row, rows.create_time_us);
  }
  for (const TableRow& row : rows.events) {
    event_inserts_.emplace_back(database, "INSERT", row, rows.create_time_us);
  }
  dispatching_insert_.Set("state", Integer(kDispatching))
      .Set("revision", Integer(static_cast<int64_t>(kEventsOfClaim)))
      .Set("task_id", Text(""))
      .Set("update_time", Integer(rows.create_time_us))
      .Set("submit_time", Integer(0))
      .Set("dedupe_expire_time", Integer(0))
      .Set("charges_min", Integer(0))
      .Set("lease_owner", Integer(1))
      .Set("lease_expire_time", Integer(rows.create_time_us + kLeaseUs));
  started_attempt_insert_.Set("outcome", Integer(0))
      .Set("end_time", Integer(0))
      .Set("http_status", Integer(0))
      .Set("upstream_code", Text(""))
      .Set("task_ids", Blob(""));
}

void RowWriter::InsertSubmitted(const RowKeys& keys) {
  submission_insert_.Run(keys);
  for (Insert& insert : key_inserts_) {
    insert.Run(keys);
  }
  attempt_insert_.Run(keys);
  task_insert_.Run(keys);
  for (Insert& insert : event_inserts_) {
    insert.Run(keys);
  }
}

void RowWriter::InsertDispatching(const RowKeys& keys) {
  dispatching_insert_.Run(keys);
  for (Insert& insert : key_inserts_) {
    insert.Run(keys);
  }
  started_attempt_insert_.Run(keys);
  for (size_t i = 0; i < std::min(kEventsOfClaim, event_inserts_.size()); ++i) {
    event_inserts_[i].Run(keys);
  }
}

void RowWriter::Accept(const RowKeys& keys) {
  // The answer took a moment: the row moves in the index of update_time.
  const int64_t now_us = keys.create_time_us + 1000;
  accept_.bind(1, keys.seq);
  accept_.bindNoCopy(2, keys.task_id);
  accept_.bind(3, now_us);
  accept_.bind(4, now_us + 86'400'000'000);
  Execute(accept_);
  attempt_insert_.Run(keys);
  task_insert_.Run(keys);
  for (size_t i = kEventsOfClaim; i < event_inserts_.size(); ++i) {
    event_inserts_[i].Run(keys);
  }
}

void RowWriter::CountSubmissions(int64_t submissions) {
  count_.bind(1, submissions);
  Execute(count_);
}

}  // namespace genledger::bench
