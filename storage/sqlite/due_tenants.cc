#include "storage/sqlite/due_tenants.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "storage/column_codec.h"
#include "storage/sqlite/sql.h"
#include "storage/sqlite/statement.h"

namespace genledger::sqlite {
namespace {

using enum SubmissionState;

}  // namespace

DueTenants::DueTenants(SQLite::Database& database, Names* names, const StateCounts* counts)
    : names_(names),
      counts_(counts),
      earliest_pending_(database, sql::kSelectEarliestPending),
      earliest_unknown_(database, sql::kSelectEarliestUnknown) {
  counts_->ForEachTenant([this](const Scope& scope) {
    if (counts_->OfTenant(scope, kPending) > 0 || counts_->OfTenant(scope, kOutcomeUnknown) > 0) {
      TenantOf(scope).earliest = 0;  // the first claim looks it up
    }
  });
}

DueTenants::Tenant& DueTenants::TenantOf(const Scope& scope) {
  const auto [entry, added] = accounts_[scope.upstream_account].try_emplace(scope.tenant);
  if (added) {
    entry->second.scope = scope;
  }
  return entry->second;
}

void DueTenants::SetEarliest(Tenant& tenant, int64_t earliest) {
  steps_.push_back({&tenant, tenant.earliest});
  tenant.earliest = earliest;
}

void DueTenants::RollBackTo(size_t step) {
  for (; steps_.size() > step; steps_.pop_back()) {
    steps_.back().tenant->earliest = steps_.back().earliest;
  }
}

void DueTenants::NoteWritten(const Submission& after) {
  const bool acts =
      after.state == kOutcomeUnknown && after.next_attempt_time != absl::InfinitePast();
  if (after.state != kPending && !acts) {
    return;
  }
  Tenant& tenant = TenantOf(after.scope);
  if (const int64_t due = EncodeTime(after.next_attempt_time); due < tenant.earliest) {
    SetEarliest(tenant, due);
  }
}

void DueTenants::NoteClaimed(const Scope& scope) { TenantOf(scope).last_claim = ++claims_; }

int64_t DueTenants::LookUp(const Scope& scope) {
  int64_t earliest = kNever;
  for (auto [state, statement] :
       {std::pair(kPending, &earliest_pending_), std::pair(kOutcomeUnknown, &earliest_unknown_)}) {
    if (counts_->OfTenant(scope, state) == 0) {
      continue;
    }
    StatementUse use(*statement);
    use.Int(names_->Intern(scope.upstream_account)).Text(scope.tenant);
    if (use.Step() && !use.statement().isColumnNull(0)) {
      earliest = std::min(earliest, RowReader(use.statement()).Int());
    }
  }
  return earliest;
}

std::vector<DueTenants::Place> DueTenants::Walk(std::vector<Place> places, int64_t until,
                                                size_t limit) {
  std::vector<Place> found;
  std::make_heap(places.begin(), places.end(), std::greater<>());
  while (found.size() < limit && !places.empty()) {
    std::pop_heap(places.begin(), places.end(), std::greater<>());
    Place place = places.back();
    places.pop_back();
    const int64_t earliest = LookUp(place.tenant->scope);
    SetEarliest(*place.tenant, earliest);
    if (earliest > until) {
      continue;
    }
    if (earliest > place.earliest) {
      place.earliest = earliest;
      places.push_back(place);
      std::push_heap(places.begin(), places.end(), std::greater<>());
      continue;
    }
    found.push_back(place);
  }
  return found;
}

std::vector<DueTenants::Load> DueTenants::FewestInFlight(const std::string& upstream_account,
                                                         int64_t now, int32_t limit) {
  std::vector<Place> places;
  for (auto& [name, tenant] : accounts_[upstream_account]) {
    if (tenant.earliest <= now) {
      places.push_back({counts_->OfTenant(tenant.scope, kDispatching), tenant.last_claim,
                        tenant.earliest, &tenant});
    }
  }
  std::vector<Load> loads;
  for (const Place& place : Walk(std::move(places), now, static_cast<size_t>(std::max(limit, 0)))) {
    loads.push_back({.scope = place.tenant->scope, .in_flight = place.in_flight});
  }
  return loads;
}

int64_t DueTenants::Earliest(const std::string& upstream_account) {
  std::vector<Place> places;
  for (auto& [name, tenant] : accounts_[upstream_account]) {
    if (tenant.earliest != kNever) {
      places.push_back({.earliest = tenant.earliest, .tenant = &tenant});
    }
  }
  const std::vector<Place> first = Walk(std::move(places), kNever - 1, 1);
  return first.empty() ? kNever : first.front().earliest;
}

}  // namespace genledger::sqlite
