#include "storage/store_factory.h"

#include <string>

#include "storage/postgres/postgres_workflow_store.h"
#include "storage/sqlite/sqlite_workflow_store.h"

namespace genledger {
namespace {

constexpr std::string_view kSqlitePrefix = "sqlite:";
constexpr std::string_view kPostgresqlPrefix = "postgresql:";
constexpr std::string_view kPostgresPrefix = "postgres://";

}  // namespace

bool IsSharedStore(std::string_view location) {
  return location.starts_with(kPostgresqlPrefix) || location.starts_with(kPostgresPrefix);
}

absl::StatusOr<std::unique_ptr<WorkflowStore>> OpenStore(std::string_view location,
                                                         const StoreFactoryOptions& options) {
  if (IsSharedStore(location)) {
    return PostgresWorkflowStore::Open({.location = std::string(location),
                                        .clock = options.clock,
                                        .logger = options.logger,
                                        .connections = options.postgres_connections});
  }
  // SQLite's own names for what is not kept, and for URIs, would be taken as names of files.
  const std::string_view path =
      location.starts_with(kSqlitePrefix) ? location.substr(kSqlitePrefix.size()) : "";
  if (path.empty() || path.starts_with(":") || path.starts_with("file:")) {
    return absl::InvalidArgumentError(
        "a store is named sqlite:PATH, for example sqlite:/var/lib/genledger/ledger.db, or "
        "postgresql://HOST/DATABASE");
  }
  return SqliteWorkflowStore::Open(
      {.path = std::string(path), .clock = options.clock, .logger = options.logger});
}

}  // namespace genledger
