// Connections that only read, lent to whichever thread asks.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "SQLiteCpp/Database.h"
#include "SQLiteCpp/Statement.h"
#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "storage/sqlite/names.h"
#include "storage/sqlite/record_reader.h"
#include "storage/sqlite/sqlite_status.h"

namespace genledger::sqlite {

// Thread safe.
class ReadPool {
 private:
  struct Connection;

 public:
  static absl::StatusOr<std::unique_ptr<ReadPool>> Open(const std::string& path, int connections,
                                                        int cache_kib);
  ~ReadPool();

  // Runs `read(RecordReader&)` on this thread; every look-up of it sees its own newest snapshot.
  // Waits while all connections are lent: reads are short. `read` must not come back here.
  template <typename Read>
  auto Run(std::string_view doing, Read&& read) -> decltype(read(std::declval<RecordReader&>())) {
    Lease lease(this);
    return Guard(doing, [&] { return read(lease.connection->reader); });
  }

  // The same, all look-ups in one snapshot.
  template <typename Read>
  auto RunInSnapshot(std::string_view doing, Read&& read)
      -> decltype(read(std::declval<RecordReader&>())) {
    Lease lease(this);
    return Guard(doing, [&] {
      const Snapshot snapshot(*lease.connection);
      return read(lease.connection->reader);
    });
  }

 private:
  struct Connection {
    explicit Connection(std::unique_ptr<SQLite::Database> opened);

    std::unique_ptr<SQLite::Database> database;
    Names names;
    RecordReader reader;
    SQLite::Statement begin;
    SQLite::Statement end;
  };

  struct Lease {
    explicit Lease(ReadPool* pool) : pool(pool), connection(pool->Take()) {}
    ~Lease() { pool->Return(std::move(connection)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    ReadPool* const pool;
    std::unique_ptr<Connection> connection;
  };

  struct Snapshot {
    explicit Snapshot(Connection& connection);
    ~Snapshot();
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;

    Connection& connection;
  };

  ReadPool() = default;
  std::unique_ptr<Connection> Take();
  void Return(std::unique_ptr<Connection> connection);

  absl::Mutex mu_;
  // The one returned last is lent first: its cache is warm.
  std::vector<std::unique_ptr<Connection>> idle_ ABSL_GUARDED_BY(mu_);
};

}  // namespace genledger::sqlite
