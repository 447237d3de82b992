#include "service/dispatch/list_request.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_split.h"
#include "service/base/error_details.h"
#include "service/base/errors.h"
#include "service/base/status_macros.h"
#include "service/base/texts.h"
#include "service/dispatch/page_token.h"
#include "service/domain/list_filter_parser.h"

namespace genledger {
namespace {

constexpr char kCreateTime[] = "create_time";
constexpr char kUpdateTime[] = "update_time";
constexpr char kDescending[] = "desc";
// Stands for all tenants where a tenant is named.
constexpr char kAllTenants[] = "-";

absl::Status Invalid(std::string field, TextId text) {
  return errors::FieldInvalid({MakeViolation(std::move(field), MakeText(text))});
}

// Sets the query's order and the one text that stands for it.
absl::Status ReadOrder(const std::string& order_by, ListRequest& request) {
  const std::vector<std::string> words = absl::StrSplit(order_by, ' ', absl::SkipEmpty());
  request.query.order_by = ListOrder::kCreateTime;
  request.query.descending = true;
  if (!words.empty()) {
    const bool updated = words[0] == kUpdateTime;
    const bool descending = words.size() == 2 && words[1] == kDescending;
    if ((!updated && words[0] != kCreateTime) || (words.size() > 1 && !descending)) {
      return Invalid("order_by", TextId::kOrderBy);
    }
    request.query.order_by = updated ? ListOrder::kUpdateTime : ListOrder::kCreateTime;
    request.query.descending = descending;
  }
  request.order_by = request.query.order_by == ListOrder::kUpdateTime ? kUpdateTime : kCreateTime;
  if (request.query.descending) {
    request.order_by = request.order_by + " " + kDescending;
  }
  return absl::OkStatus();
}

PageScope ScopeOf(const ListRequest& request) {
  return {.tenant = request.tenant, .filter = request.filter, .order_by = request.order_by};
}

}  // namespace

absl::StatusOr<ListRequest> MakeListRequest(std::optional<std::string> tenant, ListInput input) {
  if (input.page_size < 0) {
    return Invalid("page_size", TextId::kPageSize);
  }
  ListRequest request;
  GL_ASSIGN_OR_RETURN(request.query.filter, ParseListFilter(input.filter));
  GL_RETURN_IF_ERROR(ReadOrder(input.order_by, request));
  request.query.limit =
      input.page_size == 0 ? kPageSizeDefault : std::min(input.page_size, kPageSizeMax);
  request.query.with_attempts = input.with_attempts;
  request.tenant = tenant.value_or(kAllTenants);
  request.query.tenant = std::move(tenant);
  request.filter = std::move(input.filter);
  if (!input.page_token.empty()) {
    GL_ASSIGN_OR_RETURN(request.query.after, ReadPageToken(ScopeOf(request), input.page_token));
  }
  return request;
}

ListAnswer MakeListAnswer(const ListRequest& request, ListPage page) {
  ListAnswer answer{.submissions = std::move(page.submissions)};
  if (page.has_more) {
    answer.next_page_token = MakePageToken(ScopeOf(request), page.next);
  }
  return answer;
}

}  // namespace genledger
