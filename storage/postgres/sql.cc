#include "storage/postgres/sql.h"

#include <span>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "storage/postgres/columns.h"

namespace genledger::postgres {
namespace {

// What does not narrow a list folds away when it is planned: an unnamed statement is planned for
// its values.
std::string List(const std::string& submission, std::string_view bounds, std::string_view order) {
  return absl::StrCat("SELECT ", submission,
                      " FROM submissions s WHERE ($1::text IS NULL OR s.tenant = $1) "
                      "AND ($2::bigint = 0 OR s.state = $2::bigint) AND ",
                      std::string(bounds), " ORDER BY ", std::string(order), " LIMIT $7::bigint");
}

Sql Make() {
  const std::string submission = SelectList(kSubmissionColumns, "s");
  const std::string select = absl::StrCat("SELECT ", submission, " FROM submissions s ");
  // Every list names all of its parameters.
  constexpr std::string_view kById =
      "s.id > $5::bytea AND s.id < $6::bytea AND $3::bigint <= $4::bigint";
  constexpr std::string_view kByUpdate =
      "(s.update_time, s.id) > ($3::bigint, $5::bytea) "
      "AND (s.update_time, s.id) < ($4::bigint, $6::bytea)";
  return {
      .by_ids = select + "WHERE s.id = ANY ($1::bytea[])",
      .by_request_ids = absl::StrCat(
          "SELECT r.tenant, r.account, r.request_id, r.id, r.detached, ", submission,
          " FROM unnest($1::text[], $2::text[], $3::bytea[]) AS k (tenant, account, request_id) "
          "JOIN request_ids r ON r.tenant = k.tenant AND r.account = k.account "
          "AND r.request_id = k.request_id "
          "LEFT JOIN submissions s ON s.tenant = r.tenant AND s.id = r.id"),
      .by_hashes = absl::StrCat(
          "SELECT k.tenant, k.account, k.hash_version, k.hash, h.id, ", submission,
          " FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bytea[]) "
          "AS k (tenant, account, hash_version, hash) JOIN hash_holds h ON h.tenant = k.tenant "
          "AND h.account = k.account AND h.hash_version = k.hash_version AND h.hash = k.hash "
          "LEFT JOIN submissions s ON s.tenant = h.tenant AND s.id = h.id"),
      // Fenced in, so that it goes from each submission to its attempts whatever the statistics
      // say.
      .attempts_of_ids =
          absl::StrCat("SELECT ", SelectList(std::span(kAttemptColumns).subspan(1), "a"),
                       " FROM submissions s CROSS JOIN LATERAL (SELECT * FROM attempts b "
                       "WHERE b.tenant = s.tenant AND b.id = s.id OFFSET 0) a "
                       "WHERE s.id = ANY ($1::bytea[]) ORDER BY a.id, a.number"),
      .events = absl::StrCat("SELECT ", SelectList(std::span(kEventColumns).subspan(2), "e"),
                             " FROM events e WHERE e.tenant = $1 AND e.id = $2 "
                             "AND e.revision > $3::bigint ORDER BY e.revision LIMIT $4::bigint"),
      .by_request_id = select +
                       "JOIN request_ids r ON r.tenant = s.tenant AND r.id = s.id "
                       "WHERE r.account = $1 AND r.request_id = $2 AND r.tenant = $3",
      .by_request_id_of_any_tenant =
          select +
          "JOIN request_ids r ON r.tenant = s.tenant AND r.id = s.id "
          "WHERE r.account = $1 AND r.request_id = $2 "
          "AND r.tenant IN (SELECT tenant FROM state_counts) ORDER BY r.tenant LIMIT 1",
      .by_task = select +
                 "JOIN attempt_tasks t ON t.tenant = s.tenant AND t.id = s.id "
                 "WHERE t.task_id = $1 AND ($2::text IS NULL OR t.tenant = $2) "
                 "ORDER BY t.tenant, t.id LIMIT 1",
      .task_of_account = select +
                         "JOIN attempt_tasks t ON t.tenant = s.tenant AND t.id = s.id "
                         "WHERE t.task_id = $1 AND s.account = $2 LIMIT 1",
      .due = select + "WHERE " GL_DUE
                      " AND s.tenant = $2 AND s.next_attempt_time <= $3::bigint "
                      "ORDER BY s.next_attempt_time LIMIT $4::bigint FOR UPDATE OF s SKIP LOCKED",
      .out_of_time = select +
                     "WHERE s.state = 1 AND s.submit_deadline_time <= $1::bigint "
                     "ORDER BY s.submit_deadline_time LIMIT $2::bigint",
      .unknown_due = select + "WHERE " GL_DUE
                              " AND s.state = 5 AND s.ambiguity_policy = $2::bigint "
                              "AND s.next_attempt_time <= $3::bigint "
                              "ORDER BY s.next_attempt_time LIMIT $4::bigint",
      .leases = select +
                "WHERE s.state = 2 AND s.lease_expire_time <= $1::bigint "
                "ORDER BY s.lease_expire_time LIMIT $2::bigint",
      .behind = select + "WHERE s.id > $1 ORDER BY s.id LIMIT $2::bigint",
      .attempts_of_tenant =
          absl::StrCat("SELECT ", SelectList(std::span(kAttemptColumns).subspan(1), "a"),
                       " FROM attempts a WHERE a.tenant = $1 AND a.id = ANY ($2::bytea[]) "
                       "ORDER BY a.id, a.number"),
      .events_of_tenant =
          absl::StrCat("SELECT ", SelectList(std::span(kEventColumns).subspan(1), "e"),
                       " FROM events e WHERE e.tenant = $1 AND e.id = ANY ($2::bytea[]) "
                       "ORDER BY e.id, e.revision"),
      .list_ascending = List(submission, kById, "s.id"),
      .list_descending = List(submission, kById, "s.id DESC"),
      .list_updated_ascending = List(submission, kByUpdate, "s.update_time, s.id"),
      .list_updated_descending = List(submission, kByUpdate, "s.update_time DESC, s.id DESC"),
  };
}

}  // namespace

const Sql& Statements() {
  static const auto* const statements = new Sql(Make());
  return *statements;
}

}  // namespace genledger::postgres
