// What version 2 made of the schema of version 1: what databases of that release look like.
#pragma once

namespace genledger {

inline constexpr char kSchemaVersion2[] = R"sql(
ALTER TABLE submissions ADD COLUMN run_reposts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE submissions ADD COLUMN never_repost INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN may_be_charged INTEGER NOT NULL DEFAULT 1;
UPDATE attempts SET may_be_charged = 0 WHERE outcome IN (1, 3) OR (outcome = 4 AND (
  http_status IN (400, 429)
  OR upstream_code IN ('429', 'get_channel_failed', 'idempotency_unavailable')
  OR (SELECT s.charges_max FROM submissions s WHERE s.seq = attempts.seq)
    = (SELECT count(*) FROM attempts a WHERE a.seq = attempts.seq AND a.outcome IN (0, 2, 5))));
ALTER TABLE request_ids ADD COLUMN detached INTEGER NOT NULL DEFAULT 0;

DROP INDEX submissions_unknown;
CREATE INDEX submissions_unknown ON submissions (account, next_attempt_time) WHERE state = 5;

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
CREATE INDEX submissions_by_update ON submissions (tenant, update_time, id);
)sql";

}  // namespace genledger
