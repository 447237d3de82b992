#include "storage/sqlite/schema.h"

#include <array>

#include "SQLiteCpp/Statement.h"
#include "SQLiteCpp/Transaction.h"
#include "absl/strings/str_cat.h"
#include "storage/sqlite/sqlite_status.h"

namespace genledger::sqlite {
namespace {

// Conventions: times are microseconds since 1970 and durations microseconds; a time of 0 is not
// set; enums are the proto's numbers; ids of submissions are the 16 bytes of their ULID (an empty
// BLOB: none).
//
// What keeps a row cheap at ten million of them: the keys that arrive in random order (request
// hash, request_id, task_id) dirty one page of their own small tree each, everything else is
// appended; an update of a submission touches no index but the partial ones, which hold only the
// few rows that wait, and submissions_by_update.
constexpr char kVersion1[] = R"sql(
CREATE TABLE store_meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Texts that many rows repeat. Columns that hold a number of it: account, lease_owner, base_url,
-- credential_fingerprint, replica, actor, type. 0 is the empty text.
CREATE TABLE names (
  number INTEGER PRIMARY KEY,
  text TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE submissions (
  seq INTEGER PRIMARY KEY,
  id BLOB NOT NULL,
  tenant TEXT NOT NULL,
  account INTEGER NOT NULL,
  request BLOB NOT NULL,  -- canonical encoding of spec and variation
  hash BLOB NOT NULL,
  hash_version INTEGER NOT NULL,
  request_id TEXT NOT NULL,
  dedupe_mode INTEGER NOT NULL,
  dedupe_window INTEGER NOT NULL,
  labels BLOB NOT NULL,
  possible_duplicate_of BLOB NOT NULL,
  create_time INTEGER NOT NULL,
  state INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  task_id TEXT NOT NULL,
  request_id_count INTEGER NOT NULL,
  anonymous_caller INTEGER NOT NULL,
  ambiguity_policy INTEGER NOT NULL,
  holds_hash INTEGER NOT NULL,
  superseded_by BLOB NOT NULL,
  failure_reason INTEGER,  -- NULL: no failure
  failure_message TEXT,
  failure_http_status INTEGER,
  failure_retryable INTEGER,
  failure_reopen_time INTEGER,
  update_time INTEGER NOT NULL,
  submit_time INTEGER NOT NULL,
  submit_deadline_time INTEGER NOT NULL,
  next_attempt_time INTEGER NOT NULL,
  dedupe_expire_time INTEGER NOT NULL,
  cancel_request_time INTEGER NOT NULL,
  run INTEGER NOT NULL,
  attempt_count INTEGER NOT NULL,
  run_attempts INTEGER NOT NULL,
  run_counted_posts INTEGER NOT NULL,
  run_trusted_refusals INTEGER NOT NULL,
  failed_runs INTEGER NOT NULL,
  unsettled_attempts INTEGER NOT NULL,
  resubmitted_once INTEGER NOT NULL,
  upstream_posts_sent INTEGER NOT NULL,
  charges_min INTEGER NOT NULL,
  charges_max INTEGER NOT NULL,
  lease_owner INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  lease_expire_time INTEGER NOT NULL
) STRICT;

-- Ids are unique by themselves: a transition knows an id and no tenant. The second index makes a
-- tenant's list one scan; it needs no uniqueness of its own. Ids grow, so both are appended to.
CREATE UNIQUE INDEX submissions_by_id ON submissions (id);
CREATE INDEX submissions_by_tenant ON submissions (tenant, id);
CREATE INDEX submissions_pending ON submissions (account, next_attempt_time) WHERE state = 1;
CREATE INDEX submissions_deadline ON submissions (submit_deadline_time) WHERE state = 1;
CREATE INDEX submissions_dispatching ON submissions (lease_expire_time) WHERE state = 2;
CREATE INDEX submissions_unknown ON submissions (update_time) WHERE state = 5;

-- Who holds a request hash: at most one submission (invariant 5).
CREATE TABLE hash_holds (
  tenant TEXT NOT NULL,
  account INTEGER NOT NULL,
  hash_version INTEGER NOT NULL,
  hash BLOB NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (tenant, account, hash_version, hash)
) STRICT, WITHOUT ROWID;

-- Which submission a request_id names, first ones and aliases (invariant 4). seq 0: the record is
-- purged.
CREATE TABLE request_ids (
  tenant TEXT NOT NULL,
  account INTEGER NOT NULL,
  request_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (tenant, account, request_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts (
  seq INTEGER NOT NULL,
  number INTEGER NOT NULL,
  run INTEGER NOT NULL,
  outcome INTEGER NOT NULL,
  start_time INTEGER NOT NULL,
  end_time INTEGER NOT NULL,
  http_status INTEGER NOT NULL,
  upstream_code TEXT NOT NULL,
  upstream_message TEXT NOT NULL,
  upstream_request_id TEXT NOT NULL,
  task_ids BLOB NOT NULL,
  idempotency_key TEXT NOT NULL,  -- x'01' in front: the submission's id
  base_url INTEGER NOT NULL,
  credential_fingerprint INTEGER NOT NULL,
  replica INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  PRIMARY KEY (seq, number)
) STRICT, WITHOUT ROWID;

-- Every task id of every attempt.
CREATE TABLE attempt_tasks (
  tenant TEXT NOT NULL,
  task_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  PRIMARY KEY (tenant, task_id, seq, attempt)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
  seq INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  time INTEGER NOT NULL,
  type INTEGER NOT NULL,
  state INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  actor INTEGER NOT NULL,
  note TEXT NOT NULL,
  task_id TEXT NOT NULL,  -- x'01': the submission's
  outcome INTEGER NOT NULL,
  reason INTEGER NOT NULL,
  PRIMARY KEY (seq, revision)
) STRICT, WITHOUT ROWID;
)sql";

// What the ambiguity policies, cancels and operators need.
constexpr char kVersion2[] = R"sql(
ALTER TABLE submissions ADD COLUMN run_reposts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE submissions ADD COLUMN never_repost INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN may_be_charged INTEGER NOT NULL DEFAULT 1;
-- Version 1 did not say it: what was refused or never sent is not charged, but for refusals that
-- only --trust_5xx_envelope made some. Those are told by what was answered, and by charges_max.
UPDATE attempts SET may_be_charged = 0 WHERE outcome IN (1, 3) OR (outcome = 4 AND (
  http_status IN (400, 429)
  OR upstream_code IN ('429', 'get_channel_failed', 'idempotency_unavailable')
  OR (SELECT s.charges_max FROM submissions s WHERE s.seq = attempts.seq)
    = (SELECT count(*) FROM attempts a WHERE a.seq = attempts.seq AND a.outcome IN (0, 2, 5))));
ALTER TABLE request_ids ADD COLUMN detached INTEGER NOT NULL DEFAULT 0;

-- OUTCOME_UNKNOWN by when the policy acts; 0: it does not.
DROP INDEX submissions_unknown;
CREATE INDEX submissions_unknown ON submissions (account, next_attempt_time) WHERE state = 5;

-- The latest ABANDONED submission of a content.
CREATE TABLE abandoned_hashes (
  tenant TEXT NOT NULL,
  account INTEGER NOT NULL,
  hash_version INTEGER NOT NULL,
  hash BLOB NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (tenant, account, hash_version, hash)
) STRICT, WITHOUT ROWID;
INSERT INTO abandoned_hashes (tenant, account, hash_version, hash, seq)
  SELECT tenant, account, hash_version, hash, max(seq) FROM submissions
  WHERE state = 7 AND dedupe_mode = 1 GROUP BY tenant, account, hash_version, hash;
)sql";

// A tenant's list in the order of update_time. The one index that every update of a submission
// moves in; the moves are to its end, so they meet pages that are in memory.
constexpr char kListIndexes[] = R"sql(
CREATE INDEX submissions_by_update ON submissions (tenant, update_time, id);
)sql";

// Exact counts, kept by the writer (state_counts.h).
constexpr char kVersion3[] = R"sql(
CREATE TABLE state_counts (
  tenant TEXT NOT NULL,
  account INTEGER NOT NULL,
  state INTEGER NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (tenant, account, state)
) STRICT, WITHOUT ROWID;
INSERT INTO state_counts (tenant, account, state, count)
  SELECT tenant, account, state, count(*) FROM submissions GROUP BY tenant, account, state;

-- request_ids whose record is purged (seq 0 there), by when it was updated last.
CREATE TABLE tombstones (
  time INTEGER NOT NULL,
  tenant TEXT NOT NULL,
  account INTEGER NOT NULL,
  request_id TEXT NOT NULL,
  PRIMARY KEY (time, tenant, account, request_id)
) STRICT, WITHOUT ROWID;

-- What is due, by tenant, so that a claim can share its slots between them.
DROP INDEX submissions_pending;
CREATE INDEX submissions_pending ON submissions (account, tenant, next_attempt_time)
  WHERE state = 1;
DROP INDEX submissions_unknown;
CREATE INDEX submissions_unknown ON submissions (account, tenant, next_attempt_time)
  WHERE state = 5;
-- Policies that act without a slot. 0: it does not act.
CREATE INDEX submissions_policy ON submissions (account, ambiguity_policy, next_attempt_time)
  WHERE state = 5;
-- Lists of what is PENDING, DISPATCHING or OUTCOME_UNKNOWN read these alone to find their rows.
-- (The state is in them because SQLite would look it up in the row otherwise.)
CREATE INDEX submissions_pending_list ON submissions (tenant, id, update_time, state)
  WHERE state = 1;
CREATE INDEX submissions_unknown_list ON submissions (tenant, id, update_time, state)
  WHERE state = 5;
DROP INDEX submissions_dispatching;
CREATE INDEX submissions_dispatching
  ON submissions (lease_expire_time, tenant, id, update_time, state) WHERE state = 2;
)sql";

// The scripts of kMigrations[n] lead from version n to n + 1. Released ones never change.
constexpr std::array<std::array<const char*, 2>, kSchemaVersion> kMigrations = {
    {{kVersion1, ""}, {kVersion2, kListIndexes}, {kVersion3, ""}}};

int32_t ReadInt(SQLite::Database& database, const char* sql) {
  return database.execAndGet(sql).getInt();
}

}  // namespace

absl::Status CheckDatabase(SQLite::Database& database, const std::string& path) {
  return Guard("read the schema version", [&]() -> absl::Status {
    const int32_t application_id = ReadInt(database, "PRAGMA application_id");
    const int32_t version = ReadInt(database, "PRAGMA user_version");
    const int32_t objects = ReadInt(database, "SELECT count(*) FROM sqlite_schema");
    const bool fresh = application_id == 0 && version == 0 && objects == 0;
    if (!fresh && application_id != kApplicationId) {
      return absl::FailedPreconditionError(
          absl::StrCat("the store ", path,
                       " is a SQLite database of another application; name a new file or one of "
                       "genledger's"));
    }
    if (version > kSchemaVersion) {
      return absl::FailedPreconditionError(
          absl::StrCat("the store ", path, " has schema version ", version,
                       ", but this binary knows versions up to ", kSchemaVersion,
                       "; start the newer binary that wrote it"));
    }
    return absl::OkStatus();
  });
}

absl::Status Migrate(SQLite::Database& database) {
  return Guard("migrate", [&]() -> absl::Status {
    const int32_t found = ReadInt(database, "PRAGMA user_version");
    for (int32_t version = found; version < kSchemaVersion; ++version) {
      SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
      for (const char* script : kMigrations[static_cast<size_t>(version)]) {
        database.exec(script);
      }
      database.exec(absl::StrCat("PRAGMA application_id = ", kApplicationId));
      database.exec(absl::StrCat("PRAGMA user_version = ", version + 1));
      transaction.commit();
    }
    return absl::OkStatus();
  });
}

}  // namespace genledger::sqlite
