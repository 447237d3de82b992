// All rows of one submission that the server wrote, to write others like it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace genledger::bench {

// NULL, an integer, a text or a blob.
struct RowValue {
  enum class Type { kNull, kInteger, kText, kBlob };
  Type type = Type::kNull;
  int64_t integer = 0;
  std::string bytes;
};

// One row: the values of its table's columns, in their order.
struct TableRow {
  std::string table;
  std::vector<std::string> columns;
  std::vector<RowValue> values;
};

struct RowTemplate {
  int64_t create_time_us = 0;
  TableRow submission;
  TableRow attempt;
  std::vector<TableRow> events;  // by revision
  std::vector<TableRow> keys;    // of hash_holds and request_ids
  TableRow task;
};

// The newest SUBMITTED submission of a SQLite store, which no server may have open. NOT_FOUND if
// there is none, or if it has more than one attempt; INTERNAL if the file cannot be read.
absl::StatusOr<RowTemplate> ReadNewestSubmission(const std::string& path);

// The statements that make the same schema, in order.
absl::StatusOr<std::vector<std::string>> ReadSchema(const std::string& path);

}  // namespace genledger::bench
