#include "service/base/error_details.h"

#include <gtest/gtest.h>

#include <string>

namespace genledger {
namespace {

ErrorDetails RoundTrip(const ErrorDetails& details) {
  const absl::Status status = MakeError(absl::StatusCode::kAborted, "words", details);
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(status.message(), "words");
  std::optional<ErrorDetails> read = GetErrorDetails(status);
  EXPECT_TRUE(read.has_value());
  return read.value_or(ErrorDetails());
}

TEST(ErrorDetails, KeepsNothingButTheReason) {
  const ErrorDetails details{.reason = ErrorReason::kIllegalState};
  EXPECT_EQ(RoundTrip(details), details);
}

TEST(ErrorDetails, KeepsHostileTextByteForByte) {
  const std::string hostile("7:seven\0:\n99999999999999999999:\xff\xfe{}\"", 36);
  ErrorDetails details{.reason = ErrorReason::kFieldInvalid,
                       .metadata = {{hostile, ""}, {"", hostile}, {"k", "v"}},
                       .violations = {{hostile, hostile}, {"", ""}},
                       .retry_delay = absl::Milliseconds(1500),
                       .no_retry = true,
                       .resource_type = hostile,
                       .resource_name = std::string(100'000, 'x'),
                       .quota_subject = hostile};
  EXPECT_EQ(RoundTrip(details), details);
}

TEST(ErrorDetails, ARetryDelayOfZeroIsNotNone) {
  EXPECT_EQ(RoundTrip({.retry_delay = absl::ZeroDuration()}).retry_delay, absl::ZeroDuration());
  EXPECT_EQ(RoundTrip({}).retry_delay, std::nullopt);
}

TEST(ErrorDetails, StatusesOfOthersHaveNone) {
  EXPECT_FALSE(GetErrorDetails(absl::OkStatus()).has_value());
  EXPECT_FALSE(GetErrorDetails(absl::InternalError("disk")).has_value());
}

}  // namespace
}  // namespace genledger
