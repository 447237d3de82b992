// The rows of a list, in its order, over one connection.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "SQLiteCpp/Database.h"
#include "SQLiteCpp/Statement.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/list_range.h"
#include "storage/sqlite/names.h"
#include "storage/sqlite/rows.h"
#include "storage/sqlite/statement.h"
#include "storage/workflow_store.h"

namespace genledger::sqlite {

// Several statements: call inside one snapshot. Throws SQLite::Exception: callers stand inside
// Guard(). INTERNAL for rows that do not decode. Used by one thread at a time.
class ListReader {
 public:
  // `names` must outlive it.
  ListReader(SQLite::Database& database, Names* names);

  // Takes a row, or leaves it; false: no more rows are wanted.
  using Taker = absl::FunctionRef<bool(StoredSubmission&&)>;

  // Every row of the query's tenant behind its position, in its order, that could match its filter,
  // and others.
  //  - A filter that demands PENDING, DISPATCHING or OUTCOME_UNKNOWN: by that state's indexes, and
  //    nothing else is met. Of a tenant by create_time it costs what the page holds; otherwise the
  //    index of the state is read through for the page's keys, without its rows.
  //  - A tenant's by create_time or update_time, and all by create_time: by the index of that
  //  order.
  //  - All by update_time: merged from the tenants'.
  absl::Status Scan(const ListQuery& query, Taker take);

 private:
  struct StateKey {
    ListKey key;
    int64_t seq = 0;
  };
  struct TenantStream;
  // The statements of a state that has indexes of its own.
  struct StateStatements {
    SQLite::Statement* keys = nullptr;
    SQLite::Statement* ascending = nullptr;  // of a tenant, by create_time; may be missing
    SQLite::Statement* descending = nullptr;
  };

  std::optional<StateStatements> StatementsOf(std::optional<SubmissionState> state);
  absl::Status ScanState(const ListQuery& query, const ListRange& range,
                         const StateStatements& statements, Taker take);
  std::vector<StateKey> StateKeys(const ListQuery& query, const ListRange& range,
                                  SQLite::Statement& statement);
  absl::Status ScanKeys(const std::vector<StateKey>& keys, Taker take);
  absl::Status ScanOrder(const ListQuery& query, const ListRange& range, Taker take);
  absl::Status ScanTenantUpdates(const std::string& tenant, bool descending, const ListRange& range,
                                 Taker take);
  absl::Status ScanMerged(const ListQuery& query, const ListRange& range, Taker take);
  absl::Status Refill(const ListQuery& query, TenantStream& stream);
  std::vector<std::string> Tenants();
  absl::Status Run(StatementUse& use, Taker take);

  Names* const names_;
  SQLite::Statement ascending_;
  SQLite::Statement descending_;
  SQLite::Statement tenant_ascending_;
  SQLite::Statement tenant_descending_;
  SQLite::Statement updated_ascending_;
  SQLite::Statement updated_descending_;
  SQLite::Statement pending_ascending_;
  SQLite::Statement pending_descending_;
  SQLite::Statement unknown_ascending_;
  SQLite::Statement unknown_descending_;
  SQLite::Statement pending_keys_;
  SQLite::Statement dispatching_keys_;
  SQLite::Statement unknown_keys_;
  SQLite::Statement by_seq_;
  SQLite::Statement next_tenant_;
};

}  // namespace genledger::sqlite
