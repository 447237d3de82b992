// Writes the rows of submissions like a given one, with nothing but SQL.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "SQLiteCpp/Database.h"
#include "SQLiteCpp/Statement.h"
#include "tests/bench/rows/row_keys.h"
#include "tests/bench/rows/row_template.h"

namespace genledger::bench {

// Over one connection, inside the caller's transactions. Throws SQLite::Exception. The database
// must outlive it.
class RowWriter {
 public:
  RowWriter(SQLite::Database& database, const RowTemplate& rows);

  // All rows of a SUBMITTED submission at once.
  void InsertSubmitted(const RowKeys& keys);
  // The same in the two steps of the store: the rows as the first commit leaves them, DISPATCHING,
  // and then as the second one does.
  void InsertDispatching(const RowKeys& keys);
  void Accept(const RowKeys& keys);
  // What is written once for each group of writes.
  void CountSubmissions(int64_t submissions);

 private:
  // An INSERT of one row of the template. Values that tell submissions apart are exchanged for the
  // keys' ones, times are shifted.
  class Insert {
   public:
    Insert(SQLite::Database& database, const char* verb, const TableRow& row,
           int64_t create_time_us);
    // The value of a column from now on, instead of the template's.
    Insert& Set(const std::string& column, RowValue value);
    void Run(const RowKeys& keys);

   private:
    void BindColumn(int index, const RowKeys& keys);

    TableRow row_;
    int64_t create_time_us_;
    SQLite::Statement statement_;
  };

  std::vector<Insert> key_inserts_;
  std::vector<Insert> event_inserts_;
  Insert submission_insert_;
  Insert dispatching_insert_;
  Insert attempt_insert_;
  Insert started_attempt_insert_;
  Insert task_insert_;
  SQLite::Statement accept_;
  SQLite::Statement count_;
};

}  // namespace genledger::bench
