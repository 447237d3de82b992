#include "storage/postgres/schema.h"

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "service/base/status_macros.h"
#include "storage/postgres/sql_error.h"

namespace genledger::postgres {
namespace {

// Building indexes over a large table takes its time.
constexpr absl::Duration kMigrationTimeout = absl::Minutes(30);
// Two replicas that create the first table at once: one of them loses, and finds it there.
constexpr int kFirstTableTries = 3;

// Conventions: times are microseconds since 1970 and durations microseconds; a time of 0 is not
// set; enums are the proto's numbers; ids of submissions are the 16 bytes of their ULID; booleans
// are 0 and 1. BYTEA is for everything that comes from outside: TEXT takes no NUL. Every unique key
// starts with tenant, so that the tables can be sharded by it. No column names a collation: there
// are engines that refuse it, and no statement needs text in any order.
constexpr const char* kVersion1[] = {
    R"sql(CREATE TABLE submissions (
  tenant TEXT NOT NULL,
  id BYTEA NOT NULL,
  account TEXT NOT NULL,
  request BYTEA NOT NULL,
  hash BYTEA NOT NULL,
  hash_version BIGINT NOT NULL,
  request_id BYTEA NOT NULL,
  dedupe_mode BIGINT NOT NULL,
  dedupe_window BIGINT NOT NULL,
  labels BYTEA NOT NULL,
  possible_duplicate_of BYTEA NOT NULL,
  create_time BIGINT NOT NULL,
  state BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  task_id BYTEA NOT NULL,
  request_id_count BIGINT NOT NULL,
  anonymous_caller BIGINT NOT NULL,
  ambiguity_policy BIGINT NOT NULL,
  holds_hash BIGINT NOT NULL,
  superseded_by BYTEA NOT NULL,
  has_failure BIGINT NOT NULL,
  failure_reason BIGINT NOT NULL,
  failure_message BYTEA NOT NULL,
  failure_http_status BIGINT NOT NULL,
  failure_retryable BIGINT NOT NULL,
  failure_reopen_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  submit_time BIGINT NOT NULL,
  submit_deadline_time BIGINT NOT NULL,
  next_attempt_time BIGINT NOT NULL,
  dedupe_expire_time BIGINT NOT NULL,
  cancel_request_time BIGINT NOT NULL,
  run BIGINT NOT NULL,
  attempt_count BIGINT NOT NULL,
  run_attempts BIGINT NOT NULL,
  run_counted_posts BIGINT NOT NULL,
  run_trusted_refusals BIGINT NOT NULL,
  failed_runs BIGINT NOT NULL,
  unsettled_attempts BIGINT NOT NULL,
  resubmitted_once BIGINT NOT NULL,
  upstream_posts_sent BIGINT NOT NULL,
  charges_min BIGINT NOT NULL,
  charges_max BIGINT NOT NULL,
  lease_owner TEXT NOT NULL,
  epoch BIGINT NOT NULL,
  lease_expire_time BIGINT NOT NULL,
  run_reposts BIGINT NOT NULL,
  never_repost BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
))sql",
    // Look-ups by id alone, and lists over all tenants. Not unique: that could not be sharded.
    "CREATE INDEX submissions_by_id ON submissions (id)",
    "CREATE INDEX submissions_by_update ON submissions (tenant, update_time, id)",
    // The few rows that wait. State 1 is PENDING, 2 DISPATCHING, 5 OUTCOME_UNKNOWN; the predicates
    // are those of sql.h, word by word, or they would not be used.
    R"sql(CREATE INDEX submissions_due ON submissions (account, tenant, next_attempt_time)
  WHERE state = 1 OR (state = 5 AND next_attempt_time > 0))sql",
    "CREATE INDEX submissions_deadline ON submissions (submit_deadline_time) WHERE state = 1",
    "CREATE INDEX submissions_oldest ON submissions (create_time) WHERE state = 1",
    "CREATE INDEX submissions_leases ON submissions (lease_expire_time) WHERE state = 2",
    "CREATE INDEX submissions_pending ON submissions (tenant, id) WHERE state = 1",
    "CREATE INDEX submissions_dispatching ON submissions (tenant, id) WHERE state = 2",
    "CREATE INDEX submissions_unknown ON submissions (tenant, id) WHERE state = 5",
    // Who holds a request hash: at most one submission (invariant 5).
    R"sql(CREATE TABLE hash_holds (
  tenant TEXT NOT NULL,
  account TEXT NOT NULL,
  hash_version BIGINT NOT NULL,
  hash BYTEA NOT NULL,
  id BYTEA NOT NULL,
  PRIMARY KEY (tenant, account, hash_version, hash)
))sql",
    // The latest ABANDONED submission of a content.
    R"sql(CREATE TABLE abandoned_hashes (
  tenant TEXT NOT NULL,
  account TEXT NOT NULL,
  hash_version BIGINT NOT NULL,
  hash BYTEA NOT NULL,
  id BYTEA NOT NULL,
  PRIMARY KEY (tenant, account, hash_version, hash)
))sql",
    // Which submission a request_id names, first ones and aliases (invariant 4). An empty id: the
    // record is purged. bury_time: when that record was updated last; 0 before.
    R"sql(CREATE TABLE request_ids (
  tenant TEXT NOT NULL,
  account TEXT NOT NULL,
  request_id BYTEA NOT NULL,
  id BYTEA NOT NULL,
  detached BIGINT NOT NULL,
  bury_time BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant, account, request_id)
))sql",
    "CREATE INDEX request_ids_buried ON request_ids (bury_time) WHERE bury_time > 0",
    R"sql(CREATE TABLE attempts (
  tenant TEXT NOT NULL,
  id BYTEA NOT NULL,
  number BIGINT NOT NULL,
  run BIGINT NOT NULL,
  outcome BIGINT NOT NULL,
  start_time BIGINT NOT NULL,
  end_time BIGINT NOT NULL,
  http_status BIGINT NOT NULL,
  upstream_code BYTEA NOT NULL,
  upstream_message BYTEA NOT NULL,
  upstream_request_id BYTEA NOT NULL,
  task_ids BYTEA NOT NULL,
  idempotency_key BYTEA NOT NULL,
  base_url BYTEA NOT NULL,
  credential_fingerprint TEXT NOT NULL,
  replica TEXT NOT NULL,
  epoch BIGINT NOT NULL,
  kind BIGINT NOT NULL,
  may_be_charged BIGINT NOT NULL,
  PRIMARY KEY (tenant, id, number)
))sql",
    // Every task id of every attempt.
    R"sql(CREATE TABLE attempt_tasks (
  tenant TEXT NOT NULL,
  task_id BYTEA NOT NULL,
  id BYTEA NOT NULL,
  attempt BIGINT NOT NULL,
  PRIMARY KEY (tenant, task_id, id, attempt)
))sql",
    "CREATE INDEX attempt_tasks_by_task ON attempt_tasks (task_id)",
    R"sql(CREATE TABLE events (
  tenant TEXT NOT NULL,
  id BYTEA NOT NULL,
  revision BIGINT NOT NULL,
  time BIGINT NOT NULL,
  type TEXT NOT NULL,
  state BIGINT NOT NULL,
  attempt BIGINT NOT NULL,
  actor BYTEA NOT NULL,
  note BYTEA NOT NULL,
  task_id BYTEA NOT NULL,
  outcome BIGINT NOT NULL,
  reason BIGINT NOT NULL,
  PRIMARY KEY (tenant, id, revision)
))sql",
    // Exact counts, kept with every write. Every writing connection adds to slots of its own, so
    // that none waits for another's commit; the count is their sum.
    R"sql(CREATE TABLE state_counts (
  tenant TEXT NOT NULL,
  account TEXT NOT NULL,
  state BIGINT NOT NULL,
  slot BIGINT NOT NULL,
  count BIGINT NOT NULL,
  PRIMARY KEY (tenant, account, state, slot)
))sql",
    "CREATE INDEX state_counts_by_account ON state_counts (account, state)",
};

// kMigrations[n] leads from version n to n + 1. Released ones never change.
constexpr std::span<const char* const> kMigrations[kSchemaVersion] = {kVersion1};

absl::StatusOr<bool> HasMetaTable(Connection& connection) {
  GL_ASSIGN_OR_RETURN(
      const std::vector<Rows> rows,
      connection.Run({{"SELECT count(*) FROM information_schema.tables "
                       "WHERE table_schema = current_schema() AND table_name = 'store_meta'",
                       {}}},
                     kMigrationTimeout));
  return rows.front().Int(0, 0) > 0;
}

absl::Status CreateMetaTable(Connection& connection) {
  absl::Status status;
  for (int i = 0; i < kFirstTableTries; ++i) {
    GL_ASSIGN_OR_RETURN(const bool has_table, HasMetaTable(connection));
    if (has_table) {
      return absl::OkStatus();
    }
    // A database whose other tables are not ours is told by them: creating ours fails.
    status = connection
                 .Run({{"CREATE TABLE IF NOT EXISTS store_meta "
                        "(key TEXT PRIMARY KEY, value TEXT NOT NULL)",
                        {}}},
                      kMigrationTimeout)
                 .status();
  }
  return status;
}

absl::Status MigrateLocked(Connection& connection) {
  GL_ASSIGN_OR_RETURN(
      const std::vector<Rows> rows,
      connection.Run({{"BEGIN", {}},
                      {"INSERT INTO store_meta (key, value) VALUES ('schema_version', '0') "
                       "ON CONFLICT (key) DO NOTHING",
                       {}},
                      {"SELECT value FROM store_meta WHERE key = 'schema_version' FOR UPDATE", {}}},
                     kMigrationTimeout));
  int32_t found = 0;
  if (!absl::SimpleAtoi(std::string(rows.back().Text(0, 0)), &found)) {
    return absl::FailedPreconditionError(
        "its table store_meta is not genledger's; name a database of its own");
  }
  if (found > kSchemaVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat("it has schema version ", found, ", but this binary knows versions up to ",
                     kSchemaVersion, "; start the newer binary that wrote it"));
  }
  std::vector<Statement> steps;
  for (int32_t version = found; version < kSchemaVersion; ++version) {
    for (const char* const statement : kMigrations[version]) {
      steps.push_back({statement, {}});
    }
  }
  steps.push_back({"UPDATE store_meta SET value = $1 WHERE key = 'schema_version'",
                   {absl::StrCat(kSchemaVersion)}});
  steps.push_back({"COMMIT", {}});
  return connection.Run(steps, kMigrationTimeout).status();
}

}  // namespace

absl::Status Migrate(Connection& connection) {
  GL_RETURN_IF_ERROR(CreateMetaTable(connection));
  absl::Status status = MigrateLocked(connection);
  if (!status.ok() && !connection.broken()) {
    // The failure is what counts; the connection is given up after it.
    (void)connection.Run({{"ROLLBACK", {}}}, kMigrationTimeout);
  }
  if (absl::IsInternal(status) || IsNotGranted(status)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "its schema cannot be set up, it may be another application's: ", status.message()));
  }
  return status;
}

}  // namespace genledger::postgres
