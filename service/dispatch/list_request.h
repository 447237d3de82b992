// What ListSubmissions asks of the store: page size, filter, order and page token, judged and read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/workflow_store.h"

namespace genledger {

struct ListInput {
  std::string tenant;  // "-": all that the caller may see
  int32_t page_size = 0;
  std::string page_token;
  std::string filter;
  std::string order_by;
  bool with_attempts = false;
};

struct ListAnswer {
  std::vector<SubmissionWithAttempts> submissions;
  std::string next_page_token;  // empty on the last page; a page before it may be empty
};

struct ListRequest {
  ListQuery query;
  // What page tokens are bound to.
  std::string tenant;
  std::string filter;
  std::string order_by;
};

inline constexpr int32_t kPageSizeDefault = 50;
inline constexpr int32_t kPageSizeMax = 1000;  // more is cut to it

// `tenant`: whose, after the caller's rights; nullopt: all. INVALID_ARGUMENT FIELD_INVALID
// (page_size, filter, order_by or page_token). Pure.
absl::StatusOr<ListRequest> MakeListRequest(std::optional<std::string> tenant, ListInput input);

// The page with the token of the next one.
ListAnswer MakeListAnswer(const ListRequest& request, ListPage page);

}  // namespace genledger
