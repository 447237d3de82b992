#include "tests/bench/rows/store_filler.h"

#include <algorithm>

#include "SQLiteCpp/Database.h"
#include "SQLiteCpp/Exception.h"
#include "SQLiteCpp/Transaction.h"
#include "absl/strings/str_cat.h"
#include "service/base/status_macros.h"
#include "tests/bench/interrupt.h"
#include "tests/bench/rows/row_template.h"
#include "tests/bench/rows/row_writer.h"

namespace genledger::bench {
namespace {

constexpr int64_t kRowsOfTransaction = 50'000;
// The keys that come in no order must find their pages in memory.
constexpr char kCache[] = "PRAGMA cache_size = -2000000";

absl::Status Fill(SQLite::Database& database, const RowTemplate& rows, const FilledRows& filled,
                  int64_t count) {
  database.exec("PRAGMA synchronous = OFF");
  database.exec(kCache);
  const int64_t before =
      database.execAndGet("SELECT coalesce(max(seq), 0) FROM submissions").getInt64();
  RowWriter writer(database, rows);
  for (int64_t row = 0; row < count;) {
    GL_RETURN_IF_ERROR(CheckInterrupt());
    SQLite::Transaction transaction(database);
    for (const int64_t end = std::min(count, row + kRowsOfTransaction); row < end; ++row) {
      RowKeys keys = filled.KeysOf(row);
      keys.seq += before;
      writer.InsertSubmitted(keys);
    }
    writer.CountSubmissions(before + row);
    transaction.commit();
  }
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  return absl::OkStatus();
}

}  // namespace

absl::Status FillStore(const std::string& path, const FilledRows& rows, int64_t count) {
  GL_ASSIGN_OR_RETURN(const RowTemplate row_template, ReadNewestSubmission(path));
  try {
    SQLite::Database database(path, SQLite::OPEN_READWRITE);
    return Fill(database, row_template, rows, count);
  } catch (const SQLite::Exception& error) {
    return absl::InternalError(absl::StrCat(path, ": ", error.what()));
  }
}

}  // namespace genledger::bench
