// The schema as version 1 created it: what databases of that release look like.
#pragma once

namespace genledger {

inline constexpr char kSchemaVersion1[] = R"sql(
CREATE TABLE store_meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE names (
  number INTEGER PRIMARY KEY,
  text TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE submissions (
  seq INTEGER PRIMARY KEY,
  id BLOB NOT NULL,
  tenant TEXT NOT NULL,
  account INTEGER NOT NULL,
  request BLOB NOT NULL,
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
  failure_reason INTEGER,
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

CREATE UNIQUE INDEX submissions_by_id ON submissions (id);
CREATE INDEX submissions_by_tenant ON submissions (tenant, id);
CREATE INDEX submissions_pending ON submissions (account, next_attempt_time) WHERE state = 1;
CREATE INDEX submissions_deadline ON submissions (submit_deadline_time) WHERE state = 1;
CREATE INDEX submissions_dispatching ON submissions (lease_expire_time) WHERE state = 2;
CREATE INDEX submissions_unknown ON submissions (update_time) WHERE state = 5;

CREATE TABLE hash_holds (
  tenant TEXT NOT NULL,
  account INTEGER NOT NULL,
  hash_version INTEGER NOT NULL,
  hash BLOB NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (tenant, account, hash_version, hash)
) STRICT, WITHOUT ROWID;

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
  idempotency_key TEXT NOT NULL,
  base_url INTEGER NOT NULL,
  credential_fingerprint INTEGER NOT NULL,
  replica INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  PRIMARY KEY (seq, number)
) STRICT, WITHOUT ROWID;

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
  task_id TEXT NOT NULL,
  outcome INTEGER NOT NULL,
  reason INTEGER NOT NULL,
  PRIMARY KEY (seq, revision)
) STRICT, WITHOUT ROWID;
)sql";

}  // namespace genledger
