#include "storage/store_factory.h"

#include <string>

#include "storage/sqlite/sqlite_workflow_store.h"

namespace genledger {
namespace {

constexpr std::string_view kSqlitePrefix = "sqlite:";
constexpr std::string_view kPostgresqlPrefix = "postgresql://";
constexpr std::string_view kPostgresPrefix = "postgres://";

}  // namespace

absl::StatusOr<std::unique_ptr<WorkflowStore>> OpenStore(std::string_view location, Clock* clock,
                                                         Logger* logger) {
  if (location.starts_with(kPostgresqlPrefix) || location.starts_with(kPostgresPrefix)) {
    return absl::UnimplementedError("this binary has no PostgreSQL store; use --store=sqlite:PATH");
  }
  // SQLite's own names for what is not kept, and for URIs, would be taken as names of files.
  const std::string_view path =
      location.starts_with(kSqlitePrefix) ? location.substr(kSqlitePrefix.size()) : "";
  if (path.empty() || path.starts_with(":") || path.starts_with("file:")) {
    return absl::InvalidArgumentError(
        "a store is named sqlite:PATH, for example sqlite:/var/lib/genledger/ledger.db");
  }
  return SqliteWorkflowStore::Open({.path = std::string(path), .clock = clock, .logger = logger});
}

}  // namespace genledger
