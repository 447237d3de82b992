// What is due, and who may act on it: found without a lock, over all tenants, then locked tenant by
// tenant. What the look-ups miss because somebody else is at it is found the next time; that nobody
// acts twice is for the revision to see to.
#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/base/status_macros.h"
#include "storage/column_codec.h"
#include "storage/postgres/group_transaction.h"
#include "storage/postgres/parameters.h"
#include "storage/postgres/rows.h"
#include "storage/postgres/sql.h"

namespace genledger::postgres {
namespace {

std::string Int(int64_t value) { return absl::StrCat(value); }

absl::Time TimeOrNever(const Rows& rows) {
  return rows.IsNull(0, 0) ? absl::InfiniteFuture() : DecodeTime(rows.Int(0, 0));
}

}  // namespace

void GroupTransaction::LearnDueWork(const std::string& account, const std::vector<Rows>& rows,
                                    size_t first) {
  DueWork work{.account = account,
               .earliest_deadline = TimeOrNever(rows[first + 1]),
               .earliest_lease_end = TimeOrNever(rows[first + 2])};
  for (int i = 0; i < rows[first].size(); ++i) {
    RowCursor row(&rows[first], i);
    DueWork::Tenant tenant{.tenant = row.Text()};
    tenant.in_flight = row.Int();
    tenant.unknown = row.Int();
    tenant.earliest = DecodeTime(row.Int());
    work.tenants.push_back(std::move(tenant));
  }
  due_work_ = std::move(work);
}

absl::Status GroupTransaction::LookUpDueWork(const std::string& account) {
  if (due_work_.has_value() && due_work_->account == account && !state_.dirty()) {
    return absl::OkStatus();
  }
  GL_ASSIGN_OR_RETURN(const std::vector<Rows> rows,
                      AskAll(StatementsOf({.due_of_account = account})));
  LearnDueWork(account, rows, 0);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Submission>> GroupTransaction::Lock(std::vector<Submission> submissions,
                                                               bool with_events) {
  std::map<std::string, std::set<SubmissionId>> by_tenant;
  for (const Submission& submission : submissions) {
    by_tenant[submission.scope.tenant].insert(submission.id);
  }
  std::vector<Statement> statements;
  for (const auto& [tenant, ids] : by_tenant) {
    const Values keys = {tenant, IdArray(ids)};
    // The lock first: what is read behind it stays as it is.
    statements.push_back({kLock, keys});
    statements.push_back({Statements().attempts_of_tenant.c_str(), keys});
    if (with_events) {
      statements.push_back({Statements().events_of_tenant.c_str(), keys});
    }
  }
  if (statements.empty()) {
    return submissions;
  }
  GL_ASSIGN_OR_RETURN(const std::vector<Rows> rows, Run(statements));
  due_work_.reset();
  std::map<SubmissionId, int64_t> locked;
  size_t next = 0;
  for (const auto& [tenant, ids] : by_tenant) {
    const Rows& locks = rows[next++];
    for (int i = 0; i < locks.size(); ++i) {
      RowCursor row(&locks, i);
      const SubmissionId id = ReadId(row);
      locked.emplace(id, row.Int());
    }
    GL_RETURN_IF_ERROR(LearnAttempts(ids, rows[next++]));
    if (with_events) {
      GL_RETURN_IF_ERROR(LearnEvents(ids, rows[next++]));
    }
  }
  std::erase_if(submissions, [&](const Submission& submission) {
    const auto found = locked.find(submission.id);
    return found == locked.end() || found->second != submission.revision;
  });
  return submissions;
}

absl::StatusOr<std::vector<Submission>> GroupTransaction::AskAndLock(const std::string& sql,
                                                                     Values parameters) {
  GL_ASSIGN_OR_RETURN(std::vector<Submission> found, AskForSubmissions(sql, std::move(parameters)));
  return Lock(std::move(found), /*with_events=*/false);
}

absl::StatusOr<std::vector<Submission>> GroupTransaction::FindOutOfTime(absl::Time now,
                                                                        int32_t limit) {
  if (due_work_.has_value() && due_work_->earliest_deadline > now) {
    return std::vector<Submission>();
  }
  return AskAndLock(Statements().out_of_time, {Int(EncodeTime(now)), Int(limit)});
}

absl::StatusOr<std::vector<Submission>> GroupTransaction::FindLeases(absl::Time ended_by,
                                                                     int32_t limit) {
  if (due_work_.has_value() && due_work_->earliest_lease_end > ended_by) {
    return std::vector<Submission>();
  }
  return AskAndLock(Statements().leases, {Int(EncodeTime(ended_by)), Int(limit)});
}

absl::StatusOr<std::vector<Submission>> GroupTransaction::FindUnknownDue(
    const std::string& upstream_account, AmbiguityPolicy policy, absl::Time now, int32_t limit) {
  const auto may_have_any = [now](const DueWork::Tenant& tenant) {
    return tenant.unknown > 0 && tenant.earliest <= now;
  };
  if (due_work_.has_value() && due_work_->account == upstream_account &&
      std::none_of(due_work_->tenants.begin(), due_work_->tenants.end(), may_have_any)) {
    return std::vector<Submission>();
  }
  return AskAndLock(Statements().unknown_due, {upstream_account, Int(static_cast<int64_t>(policy)),
                                               Int(EncodeTime(now)), Int(limit)});
}

absl::StatusOr<std::vector<DueTenant>> GroupTransaction::FindDueTenants(
    const std::string& upstream_account, absl::Time now, int32_t limit) {
  GL_RETURN_IF_ERROR(LookUpDueWork(upstream_account));
  using Place = std::tuple<int64_t, int64_t, absl::Time, std::string>;
  std::map<Place, DueTenant> ordered;
  for (const DueWork::Tenant& tenant : due_work_->tenants) {
    if (tenant.earliest <= now) {
      const int64_t last_claim =
          options_.last_claims->Of({.tenant = tenant.tenant, .upstream_account = upstream_account});
      ordered.emplace(Place(tenant.in_flight, last_claim, tenant.earliest, tenant.tenant),
                      DueTenant{.tenant = tenant.tenant, .in_flight = tenant.in_flight});
    }
  }
  std::vector<DueTenant> tenants;
  std::vector<Statement> counts;
  for (auto& [place, tenant] : ordered) {
    if (tenants.size() < static_cast<size_t>(std::max(limit, 0))) {
      counts.push_back(
          {kCountDue, {upstream_account, tenant.tenant, Int(EncodeTime(now)), Int(limit)}});
      tenants.push_back(std::move(tenant));
    }
  }
  if (tenants.empty()) {
    return tenants;
  }
  GL_ASSIGN_OR_RETURN(const std::vector<Rows> rows, AskAll(std::move(counts)));
  for (size_t i = 0; i < tenants.size(); ++i) {
    tenants[i].waiting = rows[i].Int(0, 0);
  }
  std::erase_if(tenants, [](const DueTenant& tenant) { return tenant.waiting == 0; });
  return tenants;
}

absl::StatusOr<std::vector<Submission>> GroupTransaction::FindDue(const Scope& scope,
                                                                  absl::Time now, int32_t limit) {
  due_work_.reset();  // others may have taken what it knows of
  GL_ASSIGN_OR_RETURN(std::vector<Submission> due,
                      AskForSubmissions(Statements().due, {scope.upstream_account, scope.tenant,
                                                           Int(EncodeTime(now)), Int(limit)}));
  std::set<SubmissionId> tried_before;
  for (const Submission& submission : due) {
    if (submission.attempt_count > 0) {
      tried_before.insert(submission.id);
    }
  }
  if (!tried_before.empty()) {
    GL_ASSIGN_OR_RETURN(
        const std::vector<Rows> rows,
        Run({{Statements().attempts_of_tenant.c_str(), {scope.tenant, IdArray(tried_before)}}}));
    GL_RETURN_IF_ERROR(LearnAttempts(tried_before, rows.front()));
  }
  return due;
}

absl::StatusOr<absl::Time> GroupTransaction::NextDueTime(const std::string& upstream_account) {
  GL_RETURN_IF_ERROR(LookUpDueWork(upstream_account));
  absl::Time next = std::min(due_work_->earliest_deadline, due_work_->earliest_lease_end);
  for (const DueWork::Tenant& tenant : due_work_->tenants) {
    next = std::min(next, tenant.earliest);
  }
  return next;
}

absl::StatusOr<std::vector<Submission>> GroupTransaction::ReserveForRemoval(
    std::vector<Submission> submissions) {
  return Lock(std::move(submissions), /*with_events=*/true);
}

}  // namespace genledger::postgres
