#include "service/dispatch/list_request.h"

#include <gtest/gtest.h>

#include <string>

#include "service/base/error_details.h"
#include "service/base/ids.h"

namespace genledger {
namespace {

ListQuery QueryOf(ListInput input) {
  const absl::StatusOr<ListRequest> request = MakeListRequest("studio", std::move(input));
  EXPECT_TRUE(request.ok()) << request.status();
  return request.ok() ? request->query : ListQuery();
}

// The field that is blamed.
std::string BlamedOf(ListInput input) {
  const absl::Status status = MakeListRequest("studio", std::move(input)).status();
  const std::optional<ErrorDetails> details = GetErrorDetails(status);
  return details.has_value() ? details->violations.at(0).field : status.ToString();
}

TEST(ListRequest, HasDefaults) {
  const ListQuery query = QueryOf({});
  EXPECT_EQ(query.tenant, "studio");
  EXPECT_EQ(query.filter, ListFilter());
  EXPECT_EQ(query.order_by, ListOrder::kCreateTime);
  EXPECT_TRUE(query.descending);
  EXPECT_EQ(query.limit, kPageSizeDefault);
  EXPECT_EQ(query.after, ListPosition());
}

TEST(ListRequest, ReadsEveryOrder) {
  struct Case {
    const char* text;
    ListOrder order;
    bool descending;
  };
  for (const Case& one : {Case{"create_time", ListOrder::kCreateTime, false},
                          Case{"create_time desc", ListOrder::kCreateTime, true},
                          Case{"update_time", ListOrder::kUpdateTime, false},
                          Case{"  update_time   desc ", ListOrder::kUpdateTime, true}}) {
    const ListQuery query = QueryOf({.order_by = one.text});
    EXPECT_EQ(query.order_by, one.order) << one.text;
    EXPECT_EQ(query.descending, one.descending) << one.text;
  }
}

TEST(ListRequest, NamesTheFieldAtFault) {
  EXPECT_EQ(BlamedOf({.page_size = -1}), "page_size");
  EXPECT_EQ(BlamedOf({.page_token = "garbage"}), "page_token");
  EXPECT_EQ(BlamedOf({.filter = "state ="}), "filter");
  for (const char* order : {"prompt", "create_time asc", "create_time desc desc",
                            "create_time, update_time", "desc", "CREATE_TIME"}) {
    EXPECT_EQ(BlamedOf({.order_by = order}), "order_by") << order;
  }
}

TEST(ListRequest, TokensLeadOnAndStayWithTheirList) {
  const ListInput input = {.filter = "state = PENDING", .order_by = "update_time"};
  const ListRequest request = MakeListRequest("studio", input).value();
  const ListPosition next = {.id = SubmissionId("sub_01KDVDNA00ABCDEFGHJKMNPQRS"),
                             .update_time = absl::FromUnixMicros(1'795'000'000'123'456)};
  EXPECT_EQ(MakeListAnswer(request, {}).next_page_token, "");
  const std::string token =
      MakeListAnswer(request, {.has_more = true, .next = next}).next_page_token;
  ListInput following = input;
  following.page_token = token;
  EXPECT_EQ(QueryOf(following).after, next);
  following.order_by = " update_time ";  // the same order
  EXPECT_EQ(QueryOf(following).after, next);
  EXPECT_FALSE(MakeListRequest("other", following).ok());
  EXPECT_FALSE(MakeListRequest(std::nullopt, following).ok());
  following.filter = "state = FAILED";
  EXPECT_EQ(BlamedOf(following), "page_token");
  EXPECT_EQ(BlamedOf({.page_token = token, .filter = input.filter}), "page_token");
}

}  // namespace
}  // namespace genledger
