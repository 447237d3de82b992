// A prepared statement for one use: bound and read in column order, and reset however the use ends,
// so that no read snapshot stays open behind it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "SQLiteCpp/Column.h"
#include "SQLiteCpp/Statement.h"

namespace genledger::sqlite {

// What is bound as a view or a string is not copied: it must live until the statement has run.
class StatementUse {
 public:
  explicit StatementUse(SQLite::Statement& statement) : statement_(statement) {}
  ~StatementUse() { statement_.tryReset(); }
  StatementUse(const StatementUse&) = delete;
  StatementUse& operator=(const StatementUse&) = delete;

  StatementUse& Int(int64_t value) {
    statement_.bind(next_++, value);
    return *this;
  }
  StatementUse& Bool(bool value) { return Int(value ? 1 : 0); }
  StatementUse& Text(const std::string& value) {
    statement_.bindNoCopy(next_++, value);
    return *this;
  }
  StatementUse& Blob(std::string_view value) {
    // SQLite takes a null pointer for NULL, and the columns have none.
    statement_.bindNoCopy(next_++, value.data() == nullptr ? "" : value.data(),
                          static_cast<int>(value.size()));
    return *this;
  }
  StatementUse& Null() {
    statement_.bind(next_++);
    return *this;
  }

  // The next row; false after the last.
  bool Step() { return statement_.executeStep(); }
  // Runs a statement that gives no rows; how many it changed.
  int Run() { return statement_.exec(); }

  SQLite::Statement& statement() { return statement_; }

 private:
  SQLite::Statement& statement_;
  int next_ = 1;
};

// Reads the columns of the present row from left to right.
class RowReader {
 public:
  explicit RowReader(const SQLite::Statement& statement) : statement_(statement) {}

  int64_t Int() { return statement_.getColumn(next_++).getInt64(); }
  int32_t Int32() { return statement_.getColumn(next_++).getInt(); }
  bool Bool() { return Int() != 0; }
  bool IsNull() const { return statement_.isColumnNull(next_); }
  void Skip(int columns) { next_ += columns; }
  std::string Text() { return std::string(View()); }
  // Valid until the next step.
  std::string_view View() {
    const SQLite::Column column = statement_.getColumn(next_++);
    const auto* data = static_cast<const char*>(column.getBlob());
    return data == nullptr ? std::string_view()
                           : std::string_view(data, static_cast<size_t>(column.getBytes()));
  }

 private:
  const SQLite::Statement& statement_;
  int next_ = 0;
};

}  // namespace genledger::sqlite
