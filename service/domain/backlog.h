// Whether one more submission may wait: how long the backlog of an upstream account may grow.
#pragma once

#include <algorithm>
#include <cstdint>

namespace genledger {

// Of the backlog, one part in so many stays open to each tenant whatever the others do.
inline constexpr int64_t kBacklogTenantShare = 100;

// Whether a new run may become PENDING in an account that has `account_pending` of them,
// `tenant_pending` being the tenant's own. The limit is the account's; a tenant that has next to
// nothing waiting is let in beyond it, so that the storm of one tenant shuts out nobody else.
// `backlog_max` 0: no limit.
constexpr bool BacklogAdmits(int64_t backlog_max, int64_t account_pending, int64_t tenant_pending) {
  return backlog_max <= 0 || account_pending < backlog_max ||
         tenant_pending < std::max<int64_t>(1, backlog_max / kBacklogTenantShare);
}

static_assert(BacklogAdmits(0, 1'000'000, 1'000'000));
static_assert(BacklogAdmits(1, 0, 0) && !BacklogAdmits(1, 1, 1));
static_assert(BacklogAdmits(1000, 999, 999) && !BacklogAdmits(1000, 1000, 10));
static_assert(BacklogAdmits(1000, 5000, 9), "a tenant with little of its own is let in");

}  // namespace genledger
