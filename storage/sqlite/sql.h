// Every statement that the store runs on its records. The schema is in schema.cc.
#pragma once

namespace genledger::sqlite::sql {

// The columns of a submission in the order of rows.cc. Macros, because only literals concatenate.
#define GL_SUBMISSION_FIXED_COLUMNS                                                            \
  "id, tenant, account, request, hash, hash_version, request_id, dedupe_mode, dedupe_window, " \
  "labels, possible_duplicate_of, create_time"
#define GL_SUBMISSION_CHANGING_COLUMNS                                                           \
  "state, revision, task_id, request_id_count, anonymous_caller, ambiguity_policy, holds_hash, " \
  "superseded_by, failure_reason, failure_message, failure_http_status, failure_retryable, "     \
  "failure_reopen_time, update_time, submit_time, submit_deadline_time, next_attempt_time, "     \
  "dedupe_expire_time, cancel_request_time, run, attempt_count, run_attempts, "                  \
  "run_counted_posts, run_trusted_refusals, failed_runs, unsettled_attempts, resubmitted_once, " \
  "upstream_posts_sent, charges_min, charges_max, lease_owner, epoch, lease_expire_time, "       \
  "run_reposts, never_repost"
// Qualified, for joins with tables that have tenant, account or request_id as well.
#define GL_SUBMISSION_COLUMNS                                                           \
  "s.seq, s.id, s.tenant, s.account, s.request, s.hash, s.hash_version, s.request_id, " \
  "s.dedupe_mode, s.dedupe_window, s.labels, s.possible_duplicate_of, "                 \
  "s.create_time, " GL_SUBMISSION_CHANGING_COLUMNS
#define GL_ATTEMPT_COLUMNS                                                                      \
  "number, run, outcome, start_time, end_time, http_status, upstream_code, upstream_message, "  \
  "upstream_request_id, task_ids, idempotency_key, base_url, credential_fingerprint, replica, " \
  "epoch, kind, may_be_charged"
#define GL_EVENT_COLUMNS \
  "revision, time, type, state, attempt, actor, note, task_id, outcome, reason"

inline constexpr char kSelectById[] =
    "SELECT " GL_SUBMISSION_COLUMNS " FROM submissions s WHERE s.id = ?1";
// The left join tells a tombstone (a row without a submission) from an unknown request_id.
inline constexpr char kSelectByRequestId[] =
    "SELECT " GL_SUBMISSION_COLUMNS
    ", r.detached FROM request_ids r LEFT JOIN submissions s ON s.seq = r.seq "
    "WHERE r.tenant = ?1 AND r.account = ?2 AND r.request_id = ?3";
inline constexpr char kSelectByHash[] =
    "SELECT " GL_SUBMISSION_COLUMNS
    " FROM hash_holds h JOIN submissions s ON s.seq = h.seq "
    "WHERE h.tenant = ?1 AND h.account = ?2 AND h.hash_version = ?3 AND h.hash = ?4";
inline constexpr char kSelectByTaskId[] =
    "SELECT " GL_SUBMISSION_COLUMNS
    " FROM submissions s WHERE s.seq = (SELECT t.seq FROM attempt_tasks t "
    "WHERE t.tenant = ?1 AND t.task_id = ?2 ORDER BY t.seq LIMIT 1)";
inline constexpr char kSelectTaskOfAccount[] =
    "SELECT " GL_SUBMISSION_COLUMNS
    " FROM submissions s WHERE s.seq = (SELECT t.seq FROM attempt_tasks t "
    "JOIN submissions o ON o.seq = t.seq "
    "WHERE t.tenant = ?1 AND t.task_id = ?2 AND o.account = ?3 LIMIT 1)";
inline constexpr char kSelectAbandoned[] =
    "SELECT " GL_SUBMISSION_COLUMNS
    " FROM abandoned_hashes h JOIN submissions s ON s.seq = h.seq "
    "WHERE h.tenant = ?1 AND h.account = ?2 AND h.hash_version = ?3 AND h.hash = ?4";
// The next tenant after ?1 in their order: one step of a walk over all of them.
inline constexpr char kSelectNextTenant[] = "SELECT min(tenant) FROM submissions WHERE tenant > ?1";

inline constexpr char kSelectOutOfTime[] =
    "SELECT " GL_SUBMISSION_COLUMNS
    " FROM submissions s INDEXED BY submissions_deadline "
    "WHERE s.state = 1 AND s.submit_deadline_time <= ?1 ORDER BY s.submit_deadline_time LIMIT ?2";
#define GL_DUE_PENDING                                                   \
  "INDEXED BY submissions_pending WHERE s.state = 1 AND s.account = ?1 " \
  "AND s.tenant = ?2 AND s.next_attempt_time <= ?3 "
#define GL_DUE_UNKNOWN                                                   \
  "INDEXED BY submissions_unknown WHERE s.state = 5 AND s.account = ?1 " \
  "AND s.tenant = ?2 AND s.next_attempt_time > 0 AND s.next_attempt_time <= ?3 "
inline constexpr char kSelectDue[] =
    "SELECT " GL_SUBMISSION_COLUMNS " FROM submissions s " GL_DUE_PENDING
    "ORDER BY s.next_attempt_time LIMIT ?4";
inline constexpr char kSelectUnknownDue[] =
    "SELECT " GL_SUBMISSION_COLUMNS " FROM submissions s " GL_DUE_UNKNOWN
    "ORDER BY s.next_attempt_time LIMIT ?4";
inline constexpr char kCountDue[] =
    "SELECT count(*) FROM (SELECT 1 FROM submissions s " GL_DUE_PENDING "LIMIT ?4)";
inline constexpr char kCountUnknownDue[] =
    "SELECT count(*) FROM (SELECT 1 FROM submissions s " GL_DUE_UNKNOWN "LIMIT ?4)";
inline constexpr char kSelectEarliestPending[] =
    "SELECT min(next_attempt_time) FROM submissions INDEXED BY submissions_pending "
    "WHERE state = 1 AND account = ?1 AND tenant = ?2";
inline constexpr char kSelectEarliestUnknown[] =
    "SELECT min(next_attempt_time) FROM submissions INDEXED BY submissions_unknown "
    "WHERE state = 5 AND account = ?1 AND tenant = ?2 AND next_attempt_time > 0";
inline constexpr char kSelectPolicyDue[] =
    "SELECT " GL_SUBMISSION_COLUMNS
    " FROM submissions s INDEXED BY submissions_policy "
    "WHERE s.state = 5 AND s.account = ?1 AND s.ambiguity_policy = ?2 "
    "AND s.next_attempt_time > 0 AND s.next_attempt_time <= ?3 "
    "ORDER BY s.next_attempt_time LIMIT ?4";
inline constexpr char kSelectNextDeadline[] =
    "SELECT min(submit_deadline_time) FROM submissions INDEXED BY submissions_deadline "
    "WHERE state = 1";
inline constexpr char kSelectLeases[] =
    "SELECT " GL_SUBMISSION_COLUMNS
    " FROM submissions s INDEXED BY submissions_dispatching "
    "WHERE s.state = 2 AND s.lease_expire_time <= ?1 ORDER BY s.lease_expire_time LIMIT ?2";
inline constexpr char kSelectNextLeaseEnd[] =
    "SELECT min(lease_expire_time) FROM submissions INDEXED BY submissions_dispatching "
    "WHERE state = 2";

// Lists: of a tenant or of all, forwards or backwards, between two keys that are themselves left
// out. Read as far as a page needs.
inline constexpr char kListAscending[] =
    "SELECT " GL_SUBMISSION_COLUMNS
    " FROM submissions s WHERE s.id > ?1 AND s.id < ?2 ORDER BY s.id";
inline constexpr char kListDescending[] =
    "SELECT " GL_SUBMISSION_COLUMNS
    " FROM submissions s WHERE s.id > ?1 AND s.id < ?2 ORDER BY s.id DESC";
inline constexpr char kListTenantAscending[] =
    "SELECT " GL_SUBMISSION_COLUMNS
    " FROM submissions s INDEXED BY submissions_by_tenant "
    "WHERE s.id > ?1 AND s.id < ?2 AND s.tenant = ?3 ORDER BY s.id";
inline constexpr char kListTenantDescending[] =
    "SELECT " GL_SUBMISSION_COLUMNS
    " FROM submissions s INDEXED BY submissions_by_tenant "
    "WHERE s.id > ?1 AND s.id < ?2 AND s.tenant = ?3 ORDER BY s.id DESC";
inline constexpr char kListUpdatedAscending[] =
    "SELECT " GL_SUBMISSION_COLUMNS
    " FROM submissions s INDEXED BY submissions_by_update "
    "WHERE (s.update_time, s.id) > (?1, ?2) AND (s.update_time, s.id) < (?3, ?4) "
    "AND s.tenant = ?5 ORDER BY s.update_time, s.id";
inline constexpr char kListUpdatedDescending[] =
    "SELECT " GL_SUBMISSION_COLUMNS
    " FROM submissions s INDEXED BY submissions_by_update "
    "WHERE (s.update_time, s.id) > (?1, ?2) AND (s.update_time, s.id) < (?3, ?4) "
    "AND s.tenant = ?5 ORDER BY s.update_time DESC, s.id DESC";
// The same of one tenant in one state.
#define GL_LIST_STATE(index, state)                                       \
  "SELECT " GL_SUBMISSION_COLUMNS " FROM submissions s INDEXED BY " index \
  " WHERE s.state = " state " AND s.id > ?1 AND s.id < ?2 AND s.tenant = ?3 ORDER BY s.id"
inline constexpr char kListPendingAscending[] = GL_LIST_STATE("submissions_pending_list", "1");
inline constexpr char kListPendingDescending[] =
    GL_LIST_STATE("submissions_pending_list", "1") " DESC";
inline constexpr char kListUnknownAscending[] = GL_LIST_STATE("submissions_unknown_list", "5");
inline constexpr char kListUnknownDescending[] =
    GL_LIST_STATE("submissions_unknown_list", "5") " DESC";
// The keys of those that are in a state with an index that holds them.
#define GL_STATE_KEYS "SELECT seq, id, tenant, update_time FROM submissions INDEXED BY "
inline constexpr char kSelectPendingKeys[] =
    GL_STATE_KEYS "submissions_pending_list WHERE state = 1";
inline constexpr char kSelectDispatchingKeys[] =
    GL_STATE_KEYS "submissions_dispatching WHERE state = 2";
inline constexpr char kSelectUnknownKeys[] =
    GL_STATE_KEYS "submissions_unknown_list WHERE state = 5";
inline constexpr char kSelectBySeq[] =
    "SELECT " GL_SUBMISSION_COLUMNS " FROM submissions s WHERE s.seq = ?1";

inline constexpr char kInsertSubmission[] =
    "INSERT INTO submissions (" GL_SUBMISSION_FIXED_COLUMNS ", " GL_SUBMISSION_CHANGING_COLUMNS
    ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, "
    "?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36, "
    "?37, ?38, ?39, ?40, ?41, ?42, ?43, ?44, ?45, ?46, ?47)";
inline constexpr char kUpdateSubmission[] =
    "UPDATE submissions SET (" GL_SUBMISSION_CHANGING_COLUMNS
    ") = (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, "
    "?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35) "
    "WHERE seq = ?36 AND revision = ?37";

inline constexpr char kInsertHashHold[] =
    "INSERT INTO hash_holds (tenant, account, hash_version, hash, seq) VALUES (?1, ?2, ?3, ?4, ?5)";
inline constexpr char kDeleteHashHold[] =
    "DELETE FROM hash_holds WHERE tenant = ?1 AND account = ?2 AND hash_version = ?3 "
    "AND hash = ?4 AND seq = ?5";
inline constexpr char kPutAbandoned[] =
    "INSERT OR REPLACE INTO abandoned_hashes (tenant, account, hash_version, hash, seq) "
    "VALUES (?1, ?2, ?3, ?4, ?5)";
inline constexpr char kDeleteAbandoned[] =
    "DELETE FROM abandoned_hashes WHERE tenant = ?1 AND account = ?2 AND hash_version = ?3 "
    "AND hash = ?4 AND seq = ?5";
inline constexpr char kPointRequestId[] =
    "INSERT INTO request_ids (tenant, account, request_id, seq) VALUES (?1, ?2, ?3, ?4) "
    "ON CONFLICT (tenant, account, request_id) DO UPDATE SET seq = excluded.seq, detached = 0";
inline constexpr char kDetachRequestId[] =
    "UPDATE request_ids SET detached = 1 WHERE tenant = ?1 AND account = ?2 AND request_id = ?3";

inline constexpr char kSelectAttempts[] =
    "SELECT " GL_ATTEMPT_COLUMNS " FROM attempts WHERE seq = ?1 ORDER BY number";
inline constexpr char kPutAttempt[] =
    "INSERT OR REPLACE INTO attempts (" GL_ATTEMPT_COLUMNS
    ", seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, "
    "?18)";
inline constexpr char kInsertAttemptTask[] =
    "INSERT OR IGNORE INTO attempt_tasks (tenant, task_id, seq, attempt) VALUES (?1, ?2, ?3, ?4)";

inline constexpr char kInsertEvent[] =
    "INSERT INTO events (" GL_EVENT_COLUMNS
    ", seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
inline constexpr char kSelectEvents[] =
    "SELECT " GL_EVENT_COLUMNS
    " FROM events WHERE seq = ?1 AND revision > ?2 ORDER BY revision LIMIT ?3";

inline constexpr char kSelectNameNumber[] = "SELECT number FROM names WHERE text = ?1";
inline constexpr char kSelectNameText[] = "SELECT text FROM names WHERE number = ?1";
inline constexpr char kInsertName[] = "INSERT INTO names (text) VALUES (?1)";

inline constexpr char kSelectBehind[] =
    "SELECT " GL_SUBMISSION_COLUMNS " FROM submissions s WHERE s.id > ?1 ORDER BY s.id LIMIT ?2";
inline constexpr char kDeleteSubmission[] =
    "DELETE FROM submissions WHERE seq = ?1 AND revision = ?2";
inline constexpr char kDeleteAttempts[] = "DELETE FROM attempts WHERE seq = ?1";
inline constexpr char kDeleteAttemptTask[] =
    "DELETE FROM attempt_tasks WHERE tenant = ?1 AND task_id = ?2 AND seq = ?3 AND attempt = ?4";
inline constexpr char kDeleteEvents[] = "DELETE FROM events WHERE seq = ?1";
inline constexpr char kBuryRequestId[] =
    "UPDATE request_ids SET seq = 0 WHERE tenant = ?1 AND account = ?2 AND request_id = ?3 "
    "AND seq = ?4";
inline constexpr char kInsertTombstone[] =
    "INSERT INTO tombstones (tenant, account, request_id, time) VALUES (?1, ?2, ?3, ?4)";
inline constexpr char kSelectTombstones[] =
    "SELECT tenant, account, request_id, time FROM tombstones WHERE time < ?1 ORDER BY time "
    "LIMIT ?2";
inline constexpr char kDeleteTombstone[] =
    "DELETE FROM tombstones WHERE tenant = ?1 AND account = ?2 AND request_id = ?3 AND time = ?4";
inline constexpr char kDeleteBuriedRequestId[] =
    "DELETE FROM request_ids WHERE tenant = ?1 AND account = ?2 AND request_id = ?3 AND seq = 0";

inline constexpr char kSelectCounts[] =
    "SELECT c.tenant, coalesce(n.text, ''), c.state, c.count FROM state_counts c "
    "LEFT JOIN names n ON n.number = c.account WHERE c.state BETWEEN 1 AND 7";
inline constexpr char kAddToCount[] =
    "INSERT INTO state_counts (tenant, account, state, count) VALUES (?1, ?2, ?3, ?4) "
    "ON CONFLICT (tenant, account, state) DO UPDATE SET count = count + excluded.count";
// The oldest PENDING submission of the first tenant from ?1 on: one step of a walk over all of
// them.
inline constexpr char kSelectOldestPending[] =
    "SELECT tenant, id, create_time FROM submissions INDEXED BY submissions_pending_list "
    "WHERE state = 1 AND tenant >= ?1 ORDER BY tenant, id LIMIT 1";
inline constexpr char kSumCounts[] = "SELECT state, sum(count) FROM state_counts GROUP BY state";

inline constexpr char kSelectMeta[] = "SELECT value FROM store_meta WHERE key = ?1";
inline constexpr char kPutMeta[] =
    "INSERT INTO store_meta (key, value) VALUES (?1, ?2) "
    "ON CONFLICT (key) DO UPDATE SET value = excluded.value";

}  // namespace genledger::sqlite::sql
