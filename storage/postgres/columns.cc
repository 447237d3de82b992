#include "storage/postgres/columns.h"

#include "absl/strings/str_cat.h"
#include "service/base/check.h"

namespace genledger::postgres {
namespace {

std::string Names(std::span<const Column> columns) {
  std::string names;
  for (const Column& column : columns) {
    absl::StrAppend(&names, names.empty() ? "" : ", ", column.name);
  }
  return names;
}

// "$4::bigint[], $5::bytea[]".
std::string ArrayParameters(std::span<const Column> columns, size_t first) {
  std::string text;
  for (const Column& column : columns) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", "$", first++, "::", column.type, "[]");
  }
  return text;
}

// "state = v.state, revision = v.revision".
std::string Assignments(std::span<const Column> columns, std::string_view source) {
  std::string text;
  for (const Column& column : columns) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", column.name, " = ", std::string(source), ".",
                    column.name);
  }
  return text;
}

std::string Insert(std::string_view table, std::span<const Column> columns) {
  return absl::StrCat("INSERT INTO ", std::string(table), " (", Names(columns),
                      ") SELECT * FROM unnest(", ArrayParameters(columns, 1), ")");
}

}  // namespace

void RowBatch::EndRow() {
  GL_CHECK(next_ == 0, "a row has a value for each of its columns");
  ++rows_;
}

Values RowBatch::Parameters() const {
  Values parameters;
  parameters.reserve(arrays_.size() + 1);
  for (const Array& array : arrays_) {
    parameters.push_back(array.Text());
  }
  return parameters;
}

std::string SelectList(std::span<const Column> columns, std::string_view alias) {
  std::string list;
  for (const Column& column : columns) {
    absl::StrAppend(&list, list.empty() ? "" : ", ", std::string(alias), ".", column.name);
  }
  return list;
}

const std::string& InsertSubmissionsSql() {
  static const auto* const sql = new std::string(Insert("submissions", kSubmissionColumns));
  return *sql;
}

const std::string& PutAttemptsSql() {
  static const auto* const sql = new std::string(absl::StrCat(
      Insert("attempts", kAttemptColumns), " ON CONFLICT (tenant, id, number) DO UPDATE SET ",
      Assignments(std::span(kAttemptColumns).subspan(3), "excluded")));
  return *sql;
}

const std::string& InsertEventsSql() {
  static const auto* const sql = new std::string(Insert("events", kEventColumns));
  return *sql;
}

const std::string& UpdateSubmissionsSql() {
  static const auto* const sql = [] {
    const auto changing = std::span(kSubmissionColumns).subspan(kSubmissionFixedColumns);
    return new std::string(absl::StrCat(
        "WITH changed AS (UPDATE submissions AS s SET ", Assignments(changing, "v"),
        " FROM unnest($1::text[], $2::bytea[], $3::bigint[], ", ArrayParameters(changing, 4),
        ") AS v (tenant, id, before, ", Names(changing),
        ") WHERE s.tenant = v.tenant AND s.id = v.id AND s.revision = v.before RETURNING 1) "
        "SELECT 1 / (CASE WHEN count(*) = $",
        changing.size() + 4, "::bigint THEN 1 ELSE 0 END) FROM changed"));
  }();
  return *sql;
}

}  // namespace genledger::postgres
