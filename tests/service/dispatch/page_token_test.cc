#include "service/dispatch/page_token.h"

#include <gtest/gtest.h>

#include <string>

#include "service/base/error_details.h"

namespace genledger {
namespace {

const ListPosition kPosition = {.id = SubmissionId("sub_01KDVDNA00ABCDEFGHJKMNPQRS"),
                                .update_time = absl::FromUnixMicros(1'795'000'000'123'456)};
constexpr PageScope kScope = {.tenant = "studio", .filter = "f", .order_by = "create_time"};

void ExpectRefused(const PageScope& scope, const std::string& token) {
  const absl::StatusOr<ListPosition> read = ReadPageToken(scope, token);
  ASSERT_FALSE(read.ok()) << token;
  EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument);
  const std::optional<ErrorDetails> details = GetErrorDetails(read.status());
  ASSERT_TRUE(details.has_value());
  EXPECT_EQ(details->reason, ErrorReason::kFieldInvalid);
  EXPECT_EQ(details->violations[0].field, "page_token");
}

TEST(PageToken, LeadsBackToWhereTheListWas) {
  EXPECT_EQ(ReadPageToken(kScope, MakePageToken(kScope, kPosition)).value(), kPosition);
}

TEST(PageToken, KeepsEveryTime) {
  for (const absl::Time time : {absl::InfinitePast(), absl::InfiniteFuture(), absl::UnixEpoch(),
                                absl::FromUnixMicros(-1)}) {
    const ListPosition position = {.id = kPosition.id, .update_time = time};
    EXPECT_EQ(ReadPageToken(kScope, MakePageToken(kScope, position)).value(), position);
  }
}

TEST(PageToken, IsOfOneTenantFilterAndOrder) {
  const std::string token = MakePageToken(kScope, kPosition);
  ExpectRefused({.tenant = "other", .filter = "f", .order_by = "create_time"}, token);
  ExpectRefused({.tenant = "studio", .filter = "", .order_by = "create_time"}, token);
  ExpectRefused({.tenant = "studio", .filter = "f", .order_by = "create_time desc"}, token);
  // The same letters, divided otherwise.
  ExpectRefused({.tenant = "studiof", .filter = "", .order_by = "create_time"}, token);
}

TEST(PageToken, RefusesEveryTruncationAndEveryFlippedBit) {
  const std::string token = MakePageToken(kScope, kPosition);
  for (size_t length = 0; length < token.size(); ++length) {
    ExpectRefused(kScope, token.substr(0, length));
  }
  for (size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    // The last character holds bits that mean nothing; the highest one always does.
    changed[i] = changed[i] == 'A' ? 'z' : 'A';
    ExpectRefused(kScope, changed);
  }
}

TEST(PageToken, RefusesGarbage) {
  ExpectRefused(kScope, "");
  ExpectRefused(kScope, kPosition.id.value());
  ExpectRefused(kScope, "!!!!");
  ExpectRefused(kScope, std::string(100'000, 'A'));
  ExpectRefused(kScope, std::string("\0\0\0", 3));
}

}  // namespace
}  // namespace genledger
