#include "storage/sqlite/read_pool.h"

#include "service/base/status_macros.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/statement.h"

namespace genledger::sqlite {

ReadPool::Connection::Connection(std::unique_ptr<SQLite::Database> opened)
    : database(std::move(opened)),
      names(*database),
      reader(*database, &names),
      begin(*database, "BEGIN DEFERRED"),
      end(*database, "COMMIT") {}

ReadPool::Snapshot::Snapshot(Connection& connection) : connection(connection) {
  StatementUse(connection.begin).Run();
}

ReadPool::Snapshot::~Snapshot() {
  // Ending a transaction that only read cannot fail in a way that matters to anybody.
  connection.end.tryExecuteStep();
  connection.end.tryReset();
}

absl::StatusOr<std::unique_ptr<ReadPool>> ReadPool::Open(const std::string& path, int connections,
                                                         int cache_kib) {
  std::unique_ptr<ReadPool> pool(new ReadPool);
  for (int i = 0; i < connections; ++i) {
    GL_ASSIGN_OR_RETURN(
        std::unique_ptr<SQLite::Database> database,
        OpenConnection({.path = path, .role = ConnectionRole::kReader, .cache_kib = cache_kib}));
    GL_RETURN_IF_ERROR(Guard("prepare", [&]() -> absl::Status {
      pool->Return(std::make_unique<Connection>(std::move(database)));
      return absl::OkStatus();
    }));
  }
  return pool;
}

ReadPool::~ReadPool() = default;

std::unique_ptr<ReadPool::Connection> ReadPool::Take() {
  const auto available = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return !idle_.empty(); };
  absl::MutexLock lock(&mu_, absl::Condition(&available));
  std::unique_ptr<Connection> connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

void ReadPool::Return(std::unique_ptr<Connection> connection) {
  absl::MutexLock lock(&mu_);
  idle_.push_back(std::move(connection));
}

}  // namespace genledger::sqlite
