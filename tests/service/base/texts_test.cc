#include "service/base/texts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "service/base/error_details.h"
#include "service/base/errors.h"

namespace genledger {
namespace {

using ::testing::HasSubstr;

const SubmissionId kId("sub_01KDVDNA00ABCDEFGHJKMNPQRS");

bool IsAscii(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; });
}

// That every row is there, in order, in both languages and with the same variables, is asserted
// where the table is compiled.
TEST(MakeText, SpeaksEnglishAndChinese) {
  for (int number = 0; number < static_cast<int>(TextId::kEnd); ++number) {
    const LocalText text = MakeText(static_cast<TextId>(number));
    EXPECT_TRUE(IsAscii(text.english)) << text.english;
    const bool has_words =
        text.chinese.find_first_not_of(": $0123456789\xef\xbc\x9a") != std::string::npos;
    EXPECT_TRUE(!has_words || !IsAscii(text.chinese)) << text.chinese;
  }
}

TEST(MakeText, FillsInWhatVaries) {
  const LocalText text = MakeText(
      TextId::kTypeOfModel, {Verbatim("m$1"), Verbatim("t"), {.english = "a", .chinese = "b"}});
  EXPECT_EQ(text.english, "m$1 does not support generation_type t, only a.");
  EXPECT_THAT(text.chinese, HasSubstr("m$1"));
  EXPECT_THAT(text.chinese, HasSubstr("b"));
}

TEST(LocalText, FallsBackToEnglish) {
  EXPECT_EQ(LocalText{.english = "a"}.In(Language::kChinese), "a");
  EXPECT_EQ((LocalText{.english = "a", .chinese = "b"}.In(Language::kChinese)), "b");
}

TEST(Errors, EachIsTranslated) {
  for (const absl::Status& error :
       {errors::FieldInvalid({MakeViolation("a", MakeText(TextId::kRequired))}),
        errors::RequestIdReused(kId, {"spec.prompt"}), errors::RequestIdExpired(),
        errors::SubmissionNotFound("x"), errors::OutcomeUnknown(kId),
        errors::SubmissionAbandoned(kId), errors::SubmissionCancelled(kId),
        errors::SubmissionFailed(kId, ErrorReason::kUpstreamRefusedRequest, "words", 400, 1,
                                 absl::ZeroDuration()),
        errors::UpstreamBreakerOpen(ErrorReason::kUpstreamUnavailable, "why", absl::Seconds(1)),
        errors::StoreUnavailable("x"), errors::ShuttingDown(),
        errors::BacklogFull("x", absl::Seconds(1)), errors::PermissionDenied("x"),
        errors::EtagMismatch(kId), errors::IllegalState(kId, "x")}) {
    EXPECT_FALSE(IsAscii(GetErrorDetails(error)->message_chinese)) << error;
    EXPECT_TRUE(IsAscii(std::string(error.message()))) << error;
  }
}

// Each reason of an upstream's failure has words of its own.
TEST(Errors, EveryFailureSaysWhatItIs) {
  std::set<std::string> words;
  const ErrorReason reasons[] = {
      ErrorReason::kUpstreamRefusedRequest,   ErrorReason::kUpstreamCredentialInvalid,
      ErrorReason::kUpstreamBalanceExhausted, ErrorReason::kUpstreamForbidden,
      ErrorReason::kUpstreamMisconfigured,    ErrorReason::kUpstreamRateLimited,
      ErrorReason::kUpstreamUnavailable,      ErrorReason::kSubmitWithinExpired};
  for (const ErrorReason reason : reasons) {
    words.insert(
        GetErrorDetails(errors::SubmissionFailed(kId, reason, "", 0, 0, absl::ZeroDuration()))
            ->message_chinese);
  }
  EXPECT_EQ(words.size(), std::size(reasons));
}

}  // namespace
}  // namespace genledger
