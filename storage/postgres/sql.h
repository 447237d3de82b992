// Every statement that the store runs on its records, but for the wide ones of columns.h. The
// schema is in schema.cc.
#pragma once

#include <string>

namespace genledger::postgres {

// Constants, put together once from the columns. $n are the parameters; an "array" is one of
// parameters.h and stands for a column of keys.
struct Sql {
  // Look-ups of many keys at once, each one snapshot.
  std::string by_ids;           // $1 ids; the submission
  std::string by_request_ids;   // $1 tenants, $2 accounts, $3 request_ids; these, the id, detached,
                                // the submission (NULLs for a tombstone)
  std::string by_hashes;        // $1 tenants, $2 accounts, $3 versions, $4 hashes; these, the id
                                // and the submission that holds it
  std::string attempts_of_ids;  // $1 ids; id and the attempt, by id and number
  std::string events;           // $1 tenant, $2 id, $3 after this revision, $4 limit

  // $1 account, $2 request_id, $3 tenant; the submission. Without a tenant it is one look-up for
  // each.
  std::string by_request_id;
  std::string by_request_id_of_any_tenant;
  std::string by_task;          // $1 task_id, $2 tenant or NULL
  std::string task_of_account;  // $1 task_id, $2 account

  // Of one tenant: rows that another replica is at are skipped, and those that are returned are
  // ours until the transaction ends.
  std::string due;  // $1 account, $2 tenant, $3 now, $4 limit

  // Of all tenants, and nothing is locked: engines that divide rows by tenant lock only where one
  // is named. kLock does it afterwards.
  std::string out_of_time;  // $1 now, $2 limit
  std::string unknown_due;  // $1 account, $2 policy, $3 now, $4 limit
  std::string leases;       // $1 ended by, $2 limit
  std::string behind;       // $1 id, $2 limit

  // Of submissions of one tenant: $1 tenant, $2 ids; id and the attempt, or the event, in order.
  std::string attempts_of_tenant;
  std::string events_of_tenant;

  // Pages. $1 tenant or NULL, $2 state or 0, $3 and $4 the update_times, $5 and $6 the ids between
  // which the rows lie, $7 limit.
  std::string list_ascending;
  std::string list_descending;
  std::string list_updated_ascending;
  std::string list_updated_descending;
};

const Sql& Statements();

// $1 tenants, $2 accounts, $3 versions, $4 hashes; these and the id. The submission is looked up by
// it: there is one so rarely that planning the join would cost more.
inline constexpr char kAbandonedHashes[] =
    "SELECT k.tenant, k.account, k.hash_version, k.hash, h.id "
    "FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bytea[]) "
    "AS k (tenant, account, hash_version, hash) JOIN abandoned_hashes h ON h.tenant = k.tenant "
    "AND h.account = k.account AND h.hash_version = k.hash_version AND h.hash = k.hash";

// The clock that all replicas share, in microseconds since 1970.
inline constexpr char kDatabaseTime[] =
    "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";

// $1 tenant, $2 ids; id and revision. Skips what another replica is at; the others are ours until
// the transaction ends.
inline constexpr char kLock[] =
    "SELECT s.id, s.revision FROM submissions s WHERE s.tenant = $1 AND s.id = ANY ($2::bytea[]) "
    "FOR UPDATE OF s SKIP LOCKED";

// $1 account. Tenants with work that is due or will be: tenant, attempts in flight, how many are
// OUTCOME_UNKNOWN, the earliest. The counts say whom to look at, one step of the index a tenant.
#define GL_DUE "s.account = $1 AND (s.state = 1 OR (s.state = 5 AND s.next_attempt_time > 0))"
inline constexpr char kTenantsWithWork[] =
    "SELECT t.tenant, t.in_flight, t.unknown, first.time FROM "
    "(SELECT c.tenant, "
    "sum(CASE WHEN c.state = 2 THEN c.count ELSE 0 END)::bigint AS in_flight, "
    "sum(CASE WHEN c.state = 5 THEN c.count ELSE 0 END)::bigint AS unknown "
    "FROM state_counts c WHERE c.account = $1 AND c.state IN (1, 2, 5) GROUP BY c.tenant "
    "HAVING sum(CASE WHEN c.state = 2 THEN 0 ELSE c.count END) > 0) t CROSS JOIN LATERAL "
    "(SELECT min(s.next_attempt_time) AS time FROM submissions s WHERE " GL_DUE
    " AND s.tenant = t.tenant) first WHERE first.time IS NOT NULL";
// $1 account, $2 tenant, $3 now, $4 limit. How much is due, counted no further than the limit.
inline constexpr char kCountDue[] =
    "SELECT count(*) FROM (SELECT 1 FROM submissions s WHERE " GL_DUE
    " AND s.tenant = $2 AND s.next_attempt_time <= $3::bigint LIMIT $4::bigint) waiting";
// Of all accounts; NULL for none.
inline constexpr char kEarliestDeadline[] =
    "SELECT min(submit_deadline_time) FROM submissions WHERE state = 1";
inline constexpr char kEarliestLeaseEnd[] =
    "SELECT min(lease_expire_time) FROM submissions WHERE state = 2";

// $1 account, $2 state; and $3 tenant.
inline constexpr char kCountInAccount[] =
    "SELECT coalesce(sum(count), 0)::bigint FROM state_counts WHERE account = $1 AND state = "
    "$2::bigint";
inline constexpr char kCountInScope[] =
    "SELECT coalesce(sum(count), 0)::bigint FROM state_counts WHERE account = $1 AND state = "
    "$2::bigint AND tenant = $3";
inline constexpr char kSumCounts[] =
    "SELECT state, sum(count)::bigint FROM state_counts GROUP BY state";
inline constexpr char kOldestPending[] = "SELECT min(create_time) FROM submissions WHERE state = 1";

// Writes. Keys are given as arrays; all are in the order of their keys, so that no two groups wait
// for each other in a circle.
inline constexpr char kInsertHashHolds[] =
    "INSERT INTO hash_holds (tenant, account, hash_version, hash, id) "
    "SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bytea[], $5::bytea[])";
inline constexpr char kDeleteHashHolds[] =
    "DELETE FROM hash_holds h USING unnest($1::text[], $2::text[], $3::bigint[], $4::bytea[], "
    "$5::bytea[]) AS v (tenant, account, hash_version, hash, id) "
    "WHERE h.tenant = v.tenant AND h.account = v.account AND h.hash_version = v.hash_version "
    "AND h.hash = v.hash AND h.id = v.id";
inline constexpr char kPutAbandoned[] =
    "INSERT INTO abandoned_hashes (tenant, account, hash_version, hash, id) "
    "SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bytea[], $5::bytea[]) "
    "ON CONFLICT (tenant, account, hash_version, hash) DO UPDATE SET id = excluded.id";
inline constexpr char kDeleteAbandoned[] =
    "DELETE FROM abandoned_hashes h USING unnest($1::text[], $2::text[], $3::bigint[], "
    "$4::bytea[], $5::bytea[]) AS v (tenant, account, hash_version, hash, id) "
    "WHERE h.tenant = v.tenant AND h.account = v.account AND h.hash_version = v.hash_version "
    "AND h.hash = v.hash AND h.id = v.id";
inline constexpr char kInsertRequestIds[] =
    "INSERT INTO request_ids (tenant, account, request_id, id, detached) "
    "SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[], $5::bigint[])";
// $6 the ids that they named before, $7 how many there are. Fails like UpdateSubmissionsSql.
inline constexpr char kUpdateRequestIds[] =
    "WITH changed AS (UPDATE request_ids AS r SET id = v.id, detached = v.detached "
    "FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[], $5::bigint[], $6::bytea[]) "
    "AS v (tenant, account, request_id, id, detached, before) "
    "WHERE r.tenant = v.tenant AND r.account = v.account AND r.request_id = v.request_id "
    "AND r.id = v.before RETURNING 1) "
    "SELECT 1 / (CASE WHEN count(*) = $7::bigint THEN 1 ELSE 0 END) FROM changed";
inline constexpr char kInsertAttemptTasks[] =
    "INSERT INTO attempt_tasks (tenant, task_id, id, attempt) "
    "SELECT * FROM unnest($1::text[], $2::bytea[], $3::bytea[], $4::bigint[]) "
    "ON CONFLICT (tenant, task_id, id, attempt) DO NOTHING";
inline constexpr char kAddToCounts[] =
    "INSERT INTO state_counts (tenant, account, state, slot, count) "
    "SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[]) "
    "ON CONFLICT (tenant, account, state, slot) "
    "DO UPDATE SET count = state_counts.count + excluded.count";

// Removal: $1 tenants, $2 ids.
inline constexpr char kDeleteAttempts[] =
    "DELETE FROM attempts a USING unnest($1::text[], $2::bytea[]) AS v (tenant, id) "
    "WHERE a.tenant = v.tenant AND a.id = v.id";
inline constexpr char kDeleteEvents[] =
    "DELETE FROM events e USING unnest($1::text[], $2::bytea[]) AS v (tenant, id) "
    "WHERE e.tenant = v.tenant AND e.id = v.id";
// $3 task_ids.
inline constexpr char kDeleteAttemptTasks[] =
    "DELETE FROM attempt_tasks t USING unnest($1::text[], $2::bytea[], $3::bytea[]) "
    "AS v (tenant, id, task_id) "
    "WHERE t.tenant = v.tenant AND t.task_id = v.task_id AND t.id = v.id";
// $3 revisions, $4 how many there are. Fails like UpdateSubmissionsSql.
inline constexpr char kDeleteSubmissions[] =
    "WITH gone AS (DELETE FROM submissions s USING unnest($1::text[], $2::bytea[], $3::bigint[]) "
    "AS v (tenant, id, revision) "
    "WHERE s.tenant = v.tenant AND s.id = v.id AND s.revision = v.revision RETURNING 1) "
    "SELECT 1 / (CASE WHEN count(*) = $4::bigint THEN 1 ELSE 0 END) FROM gone";
// $3 accounts, $4 request_ids, $5 times.
inline constexpr char kBuryRequestIds[] =
    "UPDATE request_ids r SET id = ''::bytea, bury_time = v.time "
    "FROM unnest($1::text[], $2::bytea[], $3::text[], $4::bytea[], $5::bigint[]) "
    "AS v (tenant, id, account, request_id, time) WHERE r.tenant = v.tenant "
    "AND r.account = v.account AND r.request_id = v.request_id AND r.id = v.id";
// $1 time, $2 limit.
inline constexpr char kDeleteTombstones[] =
    "WITH gone AS (DELETE FROM request_ids WHERE (tenant, account, request_id) IN "
    "(SELECT tenant, account, request_id FROM request_ids "
    "WHERE bury_time > 0 AND bury_time < $1::bigint ORDER BY bury_time LIMIT $2::bigint) "
    "RETURNING 1) SELECT count(*) FROM gone";

inline constexpr char kSelectMeta[] = "SELECT value FROM store_meta WHERE key = $1";
inline constexpr char kLockMeta[] =
    "SELECT value FROM store_meta WHERE key = 'schema_version' FOR UPDATE";
inline constexpr char kPutMeta[] =
    "INSERT INTO store_meta (key, value) VALUES ($1, $2) "
    "ON CONFLICT (key) DO UPDATE SET value = excluded.value";

inline constexpr char kBegin[] = "BEGIN";
// Whatever the server, the database or the role has set: what is answered is on disk, and on the
// standby where there is a synchronous one.
inline constexpr char kSynchronousCommit[] = "SET LOCAL synchronous_commit = on";
// A commit that was cancelled while it waited for its standby tells so by a warning alone, which a
// role or a database may have switched off.
inline constexpr char kWarnings[] = "SET LOCAL client_min_messages = warning";
// Several statements that must see the same.
inline constexpr char kBeginSnapshot[] = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";
inline constexpr char kCommit[] = "COMMIT";
inline constexpr char kRollback[] = "ROLLBACK";

}  // namespace genledger::postgres
