#include "storage/sqlite/state_counts.h"

#include "storage/sqlite/sql.h"
#include "storage/sqlite/statement.h"

namespace genledger::sqlite {
namespace {

size_t IndexOf(SubmissionState state) { return static_cast<size_t>(state); }

}  // namespace

StateCounts::StateCounts(SQLite::Database& database, Names* names)
    : names_(names), put_(database, sql::kAddToCount) {
  Load(database);
}

void StateCounts::Load(SQLite::Database& database) {
  SQLite::Statement select(database, sql::kSelectCounts);
  StatementUse use(select);
  while (use.Step()) {
    RowReader row(use.statement());
    Scope scope{.tenant = row.Text(), .upstream_account = row.Text()};
    const auto state = static_cast<size_t>(row.Int());
    const int64_t count = row.Int();
    Account& account = AccountOf(scope.upstream_account);
    account.counts[state] += count;
    TenantOf(account, scope).counts[state] = count;
  }
}

StateCounts::Tenant& StateCounts::TenantOf(Account& account, const Scope& scope) {
  const auto [entry, added] = account.tenants.try_emplace(scope.tenant);
  if (added) {
    entry->second.scope = scope;
  }
  return entry->second;
}

void StateCounts::Apply(const Step& step) {
  const size_t state = IndexOf(step.state);
  step.account->counts[state] += step.change;
  step.tenant->counts[state] += step.change;
  step.tenant->unwritten[state] += step.change;
  if (!step.tenant->is_dirty) {
    step.tenant->is_dirty = true;
    dirty_.push_back(step.tenant);
  }
}

void StateCounts::Add(const Scope& scope, SubmissionState state, int64_t change) {
  Account& account = AccountOf(scope.upstream_account);
  steps_.push_back({&account, &TenantOf(account, scope), state, change});
  Apply(steps_.back());
}

void StateCounts::RollBackTo(size_t step) {
  for (; steps_.size() > step; steps_.pop_back()) {
    Step back = steps_.back();
    back.change = -back.change;
    Apply(back);
  }
}

int64_t StateCounts::OfAccount(const std::string& upstream_account, SubmissionState state) const {
  const auto account = accounts_.find(upstream_account);
  return account == accounts_.end() ? 0 : account->second.counts[IndexOf(state)];
}

int64_t StateCounts::OfTenant(const Scope& scope, SubmissionState state) const {
  const auto account = accounts_.find(scope.upstream_account);
  if (account == accounts_.end()) {
    return 0;
  }
  const auto tenant = account->second.tenants.find(scope.tenant);
  return tenant == account->second.tenants.end() ? 0 : tenant->second.counts[IndexOf(state)];
}

void StateCounts::ForEachTenant(absl::FunctionRef<void(const Scope&)> body) const {
  for (const auto& [name, account] : accounts_) {
    for (const auto& [tenant_name, tenant] : account.tenants) {
      body(tenant.scope);
    }
  }
}

void StateCounts::Write() {
  for (Tenant* tenant : dirty_) {
    const int64_t account = names_->Intern(tenant->scope.upstream_account);
    for (size_t state = 0; state < tenant->unwritten.size(); ++state) {
      if (tenant->unwritten[state] != 0) {
        StatementUse(put_)
            .Text(tenant->scope.tenant)
            .Int(account)
            .Int(static_cast<int64_t>(state))
            .Int(tenant->unwritten[state])
            .Run();
      }
    }
    tenant->unwritten = {};
    tenant->is_dirty = false;
  }
  dirty_.clear();
}

}  // namespace genledger::sqlite
