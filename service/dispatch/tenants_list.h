// One page of a list over several tenants, for readers that were granted them.
#pragma once

#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "storage/workflow_store.h"

namespace genledger {

// Asks for the page of each tenant (query.tenant is ignored), one after the other, and merges them
// in the query's order. Nothing of any other tenant is read: not even how much of it there is
// shows. `store` must outlive `done`. Errors are the store's.
void ListTenants(WorkflowStore* store, std::vector<std::string> tenants, ListQuery query,
                 absl::AnyInvocable<void(absl::StatusOr<ListPage>)> done);

// The page that the pages of single tenants, of the same query, make together. Pure.
ListPage MergePages(const ListQuery& query, std::vector<ListPage> pages);

}  // namespace genledger
