// Opaque page tokens: where a list goes on, bound to the list that they came from.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "service/base/ids.h"

namespace genledger {

// What a token must not be moved to: another tenant, filter or order.
struct PageScope {
  std::string_view tenant;
  std::string_view filter;
  std::string_view order_by;
};

std::string MakePageToken(const PageScope& scope, const SubmissionId& after);

// The id to go on after. INVALID_ARGUMENT FIELD_INVALID (page_token) if the text is not a token of
// this scope.
absl::StatusOr<SubmissionId> ReadPageToken(const PageScope& scope, std::string_view token);

}  // namespace genledger
