#include "service/dispatch/page_token.h"

#include <gtest/gtest.h>

#include <string>

#include "service/base/error_details.h"

namespace genledger {
namespace {

const SubmissionId kId("sub_01KDVDNA00ABCDEFGHJKMNPQRS");
constexpr PageScope kScope = {.tenant = "studio", .filter = "f", .order_by = "create_time"};

void ExpectRefused(const PageScope& scope, const std::string& token) {
  const absl::StatusOr<SubmissionId> read = ReadPageToken(scope, token);
  ASSERT_FALSE(read.ok()) << token;
  EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument);
  const std::optional<ErrorDetails> details = GetErrorDetails(read.status());
  ASSERT_TRUE(details.has_value());
  EXPECT_EQ(details->reason, ErrorReason::kFieldInvalid);
  EXPECT_EQ(details->violations[0].field, "page_token");
}

TEST(PageToken, LeadsBackToWhereTheListWas) {
  EXPECT_EQ(ReadPageToken(kScope, MakePageToken(kScope, kId)).value(), kId);
}

TEST(PageToken, IsOfOneTenantFilterAndOrder) {
  const std::string token = MakePageToken(kScope, kId);
  ExpectRefused({.tenant = "other", .filter = "f", .order_by = "create_time"}, token);
  ExpectRefused({.tenant = "studio", .filter = "", .order_by = "create_time"}, token);
  ExpectRefused({.tenant = "studio", .filter = "f", .order_by = "create_time desc"}, token);
  // The same letters, divided otherwise.
  ExpectRefused({.tenant = "studiof", .filter = "", .order_by = "create_time"}, token);
}

TEST(PageToken, RefusesEveryTruncationAndEveryFlippedBit) {
  const std::string token = MakePageToken(kScope, kId);
  for (size_t length = 0; length < token.size(); ++length) {
    ExpectRefused(kScope, token.substr(0, length));
  }
  for (size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    const absl::StatusOr<SubmissionId> read = ReadPageToken(kScope, changed);
    // Within the id another well-formed id may come out: it is no secret, only never garbage.
    EXPECT_TRUE(!read.ok() || IsSubmissionId(read->value()));
  }
}

TEST(PageToken, RefusesGarbage) {
  ExpectRefused(kScope, "");
  ExpectRefused(kScope, kId.value());
  ExpectRefused(kScope, "!!!!");
  ExpectRefused(kScope, std::string(100'000, 'A'));
  ExpectRefused(kScope, std::string("\0\0\0", 3));
}

}  // namespace
}  // namespace genledger
