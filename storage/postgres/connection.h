// One connection to the server: statements in, rows out, a round trip for any number of them.
#pragma once

#include <postgresql/libpq-fe.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/postgres/connection_string.h"

namespace genledger::postgres {

// Values of $1, $2, … in PostgreSQL's text form (parameters.h); nullopt is NULL.
using Values = std::vector<std::optional<std::string>>;

// A statement with the values of its parameters. The SQL is a constant and must outlive the
// statement.
struct Statement {
  const char* sql;
  Values parameters;
};

// The rows of one statement.
class Rows {
 public:
  explicit Rows(PGresult* result) : result_(result) {}

  int size() const { return PQntuples(result_.get()); }
  // Text form; empty for NULL.
  std::string_view Text(int row, int column) const;
  int64_t Int(int row, int column) const;
  bool IsNull(int row, int column) const { return PQgetisnull(result_.get(), row, column) != 0; }
  // Of a BYTEA column, in whichever of its two forms bytea_output makes the server write it.
  std::string Bytes(int row, int column) const;

 private:
  struct Clear {
    void operator()(PGresult* result) const { PQclear(result); }
  };
  std::unique_ptr<PGresult, Clear> result_;
};

// Used by one thread at a time. Statements are unnamed and nothing of the session is relied on
// between two round trips but an open transaction, so a pooler in transaction mode may stand in
// between.
class Connection {
 public:
  // Blocks until it is connected, for libpq's connect_timeout per host. UNAVAILABLE.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const ConnectionParameters& parameters);

  // Sends all statements at once and reads their answers: one round trip. On a failure the later
  // ones did not run, and a transaction that was open is still to be rolled back; if broken(), it
  // is unknown which of them ran. A server that does not answer within `timeout` is a lost
  // connection. Errors: SqlError's.
  absl::StatusOr<std::vector<Rows>> Run(const std::vector<Statement>& statements,
                                        absl::Duration timeout);

  // The connection is lost, and with it its transaction.
  bool broken() const { return broken_; }
  // Whether the server warned of anything during the last Run. A commit that was cancelled while
  // it waited for its standby says so by nothing else.
  bool warned() const { return warned_; }
  // What LISTEN has brought since the last call. Reads what has arrived, and waits for nothing.
  std::vector<std::string> TakeNotifications();
  // As whoever answered the connection calls it: a pooler, perhaps.
  int64_t backend_pid() const { return PQbackendPID(connection_.get()); }
  // For poll().
  int socket() const { return PQsocket(connection_.get()); }

 private:
  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  explicit Connection(PGconn* connection) : connection_(connection) {}

  static void OnNotice(void* self, const PGresult* notice);
  absl::Status Lost(std::string_view what);
  absl::Status Queue(const std::vector<Statement>& statements);
  // Deadlines are of SteadyNow.
  // Sends what is left to be sent and reads until a result is complete.
  absl::Status AwaitResult(absl::Time deadline);
  absl::Status Poll(bool wants_to_write, absl::Time deadline);
  // The next result of the current statement, null at its end.
  absl::StatusOr<PGresult*> NextResult(absl::Time deadline);

  std::unique_ptr<PGconn, Finish> connection_;
  bool broken_ = false;
  bool warned_ = false;
};

}  // namespace genledger::postgres
