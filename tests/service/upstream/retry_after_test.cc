#include "service/upstream/retry_after.h"

#include <gtest/gtest.h>

#include <optional>

#include "absl/time/time.h"

namespace genledger {
namespace {

const absl::Time kNow =
    absl::FromCivil(absl::CivilSecond(2026, 8, 1, 12, 0, 0), absl::UTCTimeZone());

TEST(RetryAfterTest, Seconds) {
  EXPECT_EQ(ParseRetryAfter("7", kNow), absl::Seconds(7));
  EXPECT_EQ(ParseRetryAfter(" 0 ", kNow), absl::ZeroDuration());
  EXPECT_EQ(ParseRetryAfter("3601", kNow), kRetryAfterMax);
  EXPECT_EQ(ParseRetryAfter("99999999999999999999999", kNow), kRetryAfterMax);
}

TEST(RetryAfterTest, Dates) {
  EXPECT_EQ(ParseRetryAfter("Sat, 01 Aug 2026 12:00:30 GMT", kNow), absl::Seconds(30));
  EXPECT_EQ(ParseRetryAfter("Saturday, 01-Aug-26 12:00:30 GMT", kNow), absl::Seconds(30));
  EXPECT_EQ(ParseRetryAfter("Sat Aug  1 12:00:30 2026", kNow), absl::Seconds(30));
  EXPECT_EQ(ParseRetryAfter("Sun, 01 Aug 2027 12:00:30 GMT", kNow), kRetryAfterMax);
}

TEST(RetryAfterTest, NonsenseIsIgnored) {
  for (const char* value : {"", " ", "-5", "1.5", "soon", "0x10", "5 s", "Sat, 01 Aug 2026",
                            "Sat, 01 Aug 2026 11:59:59 GMT"}) {
    EXPECT_EQ(ParseRetryAfter(value, kNow), std::nullopt) << value;
  }
}

}  // namespace
}  // namespace genledger
