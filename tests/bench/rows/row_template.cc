#include "tests/bench/rows/row_template.h"

#include "SQLiteCpp/Column.h"
#include "SQLiteCpp/Database.h"
#include "SQLiteCpp/Exception.h"
#include "SQLiteCpp/Statement.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace genledger::bench {
namespace {

RowValue ValueOf(const SQLite::Column& column) {
  if (column.isNull()) {
    return {};
  }
  if (column.isInteger()) {
    return {.type = RowValue::Type::kInteger, .integer = column.getInt64()};
  }
  return {.type = column.isText() ? RowValue::Type::kText : RowValue::Type::kBlob,
          .bytes = column.getString()};
}

// The rows of a table that belong to a submission, by their primary key.
std::vector<TableRow> RowsOf(SQLite::Database& database, const std::string& table, int64_t seq) {
  SQLite::Statement select(database, absl::StrCat("SELECT * FROM ", table, " WHERE seq = ?1"));
  select.bind(1, seq);
  std::vector<TableRow> rows;
  while (select.executeStep()) {
    TableRow row{.table = table};
    for (int i = 0; i < select.getColumnCount(); ++i) {
      row.columns.emplace_back(select.getColumnName(i));
      row.values.push_back(ValueOf(select.getColumn(i)));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

absl::StatusOr<RowTemplate> ReadFrom(SQLite::Database& database) {
  SQLite::Statement newest(
      database,
      "SELECT seq, create_time FROM submissions WHERE state = 3 ORDER BY seq DESC LIMIT 1");
  if (!newest.executeStep()) {
    return absl::NotFoundError("the store has no SUBMITTED submission");
  }
  const int64_t seq = newest.getColumn(0).getInt64();
  RowTemplate rows{.create_time_us = newest.getColumn(1).getInt64()};
  const std::vector<TableRow> attempts = RowsOf(database, "attempts", seq);
  const std::vector<TableRow> tasks = RowsOf(database, "attempt_tasks", seq);
  if (attempts.size() != 1 || tasks.size() != 1) {
    return absl::NotFoundError("the newest submission was not accepted at its first attempt");
  }
  rows.submission = RowsOf(database, "submissions", seq).front();
  rows.attempt = attempts.front();
  rows.task = tasks.front();
  rows.events = RowsOf(database, "events", seq);
  for (const char* table : {"hash_holds", "request_ids"}) {
    for (TableRow& row : RowsOf(database, table, seq)) {
      rows.keys.push_back(std::move(row));
    }
  }
  return rows;
}

}  // namespace

absl::StatusOr<RowTemplate> ReadNewestSubmission(const std::string& path) {
  try {
    SQLite::Database database(path, SQLite::OPEN_READWRITE);
    return ReadFrom(database);
  } catch (const SQLite::Exception& error) {
    return absl::InternalError(absl::StrCat(path, ": ", error.what()));
  }
}

absl::StatusOr<std::vector<std::string>> ReadSchema(const std::string& path) {
  try {
    SQLite::Database database(path, SQLite::OPEN_READWRITE);
    // Tables before their indexes; what SQLite makes by itself has no text.
    SQLite::Statement select(
        database, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type DESC, rowid");
    std::vector<std::string> statements;
    while (select.executeStep()) {
      statements.push_back(select.getColumn(0).getString());
    }
    return statements;
  } catch (const SQLite::Exception& error) {
    return absl::InternalError(absl::StrCat(path, ": ", error.what()));
  }
}

}  // namespace genledger::bench
