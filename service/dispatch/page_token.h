// Opaque page tokens: where a list goes on, bound to the list that they came from.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "storage/workflow_store.h"

namespace genledger {

// What a token must not be moved to: another tenant, filter or order.
struct PageScope {
  std::string_view tenant;
  std::string_view filter;
  std::string_view order_by;
};

// `after` must have an id. Its time is kept to the microsecond.
std::string MakePageToken(const PageScope& scope, const ListPosition& after);

// The position to go on after. INVALID_ARGUMENT FIELD_INVALID (page_token) if the text is not a
// token of this scope.
absl::StatusOr<ListPosition> ReadPageToken(const PageScope& scope, std::string_view token);

}  // namespace genledger
