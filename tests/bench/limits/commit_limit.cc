#include "tests/bench/limits/commit_limit.h"

#include <chrono>
#include <deque>
#include <utility>

#include "SQLiteCpp/Database.h"
#include "SQLiteCpp/Exception.h"
#include "SQLiteCpp/Statement.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "service/base/status_macros.h"
#include "tests/bench/interrupt.h"
#include "tests/bench/process_usage.h"
#include "tests/bench/rows/filled_rows.h"
#include "tests/bench/rows/row_writer.h"

namespace genledger::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int kKeysAtOnce = 2000;

class Writer {
 public:
  explicit Writer(const CommitLimitOptions& options)
      : options_(options),
        database_(options.path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE),
        keys_("limit", absl::Now()) {
    database_.exec("PRAGMA page_size = 4096");
    database_.execAndGet("PRAGMA journal_mode = WAL");
    database_.exec("PRAGMA synchronous = FULL");
    database_.exec("PRAGMA wal_autocheckpoint = 4096");
    database_.exec("PRAGMA cache_size = -32768");
    for (const std::string& statement : options.schema) {
      database_.exec(statement);
    }
    database_.exec("INSERT INTO state_counts (tenant, account, state, count) VALUES ('', 1, 3, 0)");
  }

  absl::StatusOr<LimitResult> Run() {
    RowWriter rows(database_, options_.rows);
    SQLite::Statement begin(database_, "BEGIN IMMEDIATE");
    SQLite::Statement commit(database_, "COMMIT");
    const absl::Time start = absl::Now();
    const absl::Duration cpu_before = ThreadCpuTime();
    while (absl::Now() - start < options_.duration || result_.latency.count() == 0) {
      GL_RETURN_IF_ERROR(CheckInterrupt());
      PrepareKeys();
      begin.exec();
      begin.reset();
      WriteGroup(rows);
      commit.exec();
      commit.reset();
      EndGroup();
    }
    result_.measured = absl::Now() - start;
    result_.cpu = ThreadCpuTime() - cpu_before - preparing_;
    result_.calls = result_.latency.count();
    return std::move(result_);
  }

 private:
  struct Started {
    RowKeys keys;
    SteadyClock::time_point time;
  };

  // Making up keys is no part of the limit.
  void PrepareKeys() {
    if (ready_.size() >= static_cast<size_t>(options_.writes_per_commit)) {
      return;
    }
    const absl::Duration before = ThreadCpuTime();
    for (int i = 0; i < kKeysAtOnce; ++i) {
      ready_.push_back(keys_.UnhashedKeysOf(next_row_++));
    }
    preparing_ += ThreadCpuTime() - before;
  }

  // Second writes of earlier groups and first writes of new submissions by turns, as in a server
  // under constant load.
  void WriteGroup(RowWriter& rows) {
    const SteadyClock::time_point now = SteadyClock::now();
    const size_t to_accept = dispatching_.size();
    for (int i = 0; i < options_.writes_per_commit; ++i) {
      const bool accepts = accepting_.size() < to_accept && (i + turn_) % 2 == 0;
      if (accepts) {
        rows.Accept(dispatching_.front().keys);
        accepting_.push_back(std::move(dispatching_.front()));
        dispatching_.pop_front();
      } else {
        rows.InsertDispatching(ready_.front());
        dispatching_.push_back({.keys = std::move(ready_.front()), .time = now});
        ready_.pop_front();
      }
    }
    rows.CountSubmissions(next_row_);
    ++turn_;
  }

  void EndGroup() {
    for (const Started& started : accepting_) {
      result_.latency.Record(absl::FromChrono(SteadyClock::now() - started.time));
    }
    accepting_.clear();
  }

  const CommitLimitOptions& options_;
  SQLite::Database database_;
  const FilledRows keys_;
  int64_t next_row_ = 0;
  std::deque<RowKeys> ready_;
  absl::Duration preparing_;
  int turn_ = 0;
  std::deque<Started> dispatching_;  // of earlier groups first
  std::deque<Started> accepting_;    // of this group
  LimitResult result_;
};

}  // namespace

absl::StatusOr<LimitResult> MeasureCommitLimit(const CommitLimitOptions& options) {
  try {
    return Writer(options).Run();
  } catch (const SQLite::Exception& error) {
    return absl::InternalError(absl::StrCat("commit limit: ", error.what()));
  }
}

}  // namespace genledger::bench
