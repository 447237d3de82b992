#include "service/base/texts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "service/base/error_details.h"
#include "service/base/error_reason.h"
#include "service/base/errors.h"

namespace genledger {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

const SubmissionId kId("sub_01KDVDNA00ABCDEFGHJKMNPQRS");

// What ends a submission as FAILED.
constexpr ErrorReason kFailures[] = {
    ErrorReason::kUpstreamRefusedRequest,   ErrorReason::kUpstreamCredentialInvalid,
    ErrorReason::kUpstreamBalanceExhausted, ErrorReason::kUpstreamForbidden,
    ErrorReason::kUpstreamMisconfigured,    ErrorReason::kUpstreamRateLimited,
    ErrorReason::kUpstreamUnavailable,      ErrorReason::kSubmitWithinExpired};

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

std::vector<absl::Status> EveryError() {
  using namespace errors;  // NOLINT(google-build-using-namespace): all of it
  std::vector<absl::Status> all = {FieldInvalid({MakeViolation("a", MakeText(TextId::kRequired)),
                                                 MakeViolation("b", MakeText(TextId::kRequired))}),
                                   RequestIdReused(kId, {"spec.prompt"}),
                                   RequestIdExpired(),
                                   SubmissionNotFound("x"),
                                   OutcomeUnknown(kId),
                                   SubmissionAbandoned(kId),
                                   SubmissionCancelled(kId),
                                   StoreUnavailable("x"),
                                   ShuttingDown(),
                                   BacklogFull(absl::Seconds(1)),
                                   EtagMismatch(kId),
                                   CredentialMissing(),
                                   CredentialInvalid(),
                                   CredentialExpired()};
  for (const ErrorReason reason : kFailures) {
    all.push_back(SubmissionFailed(kId, reason, "words", 500, 1, absl::ZeroDuration()));
    all.push_back(UpstreamBreakerOpen(reason, "what the log says", absl::Seconds(1)));
  }
  for (auto why = TextId::kDeniedOtherTenants; why < TextId::kEnd;
       why = static_cast<TextId>(static_cast<int>(why) + 1)) {
    all.push_back(why < TextId::kStateAdopt ? PermissionDenied(why) : IllegalState(kId, why));
  }
  return all;
}

// Two English words in a row; names of fields, states and units stand alone.
constexpr char kEnglish[] = "[A-Za-z]{2,} [a-z]{2,}";

TEST(Errors, EachIsTranslated) {
  for (const absl::Status& error : EveryError()) {
    const std::string chinese = GetErrorDetails(error)->message_chinese;
    EXPECT_FALSE(IsAscii(chinese)) << error;
    EXPECT_THAT(chinese, Not(ContainsRegex(kEnglish)));
    EXPECT_TRUE(IsAscii(std::string(error.message()))) << error;
  }
}

// A reason without an error above would be one whose words nobody has looked at.
TEST(Errors, EveryReasonIsAmongThem) {
  std::set<ErrorReason> seen;
  for (const absl::Status& error : EveryError()) {
    seen.insert(GetErrorDetails(error)->reason);
  }
  // Until callers have quotas.
  const std::set<ErrorReason> not_raised = {ErrorReason::kTenantQuotaExceeded};
  for (int number = 1; number <= static_cast<int>(ErrorReason::kPermissionDenied); ++number) {
    const auto reason = static_cast<ErrorReason>(number);
    if (ErrorReasonName(reason) != ErrorReasonName(ErrorReason::kUnspecified)) {
      EXPECT_NE(seen.count(reason), not_raised.count(reason)) << ErrorReasonName(reason);
    }
  }
}

// Each reason of an upstream's failure has words of its own.
TEST(Errors, EveryFailureSaysWhatItIs) {
  std::set<std::string> words;
  for (const ErrorReason reason : kFailures) {
    words.insert(
        GetErrorDetails(errors::SubmissionFailed(kId, reason, "", 0, 0, absl::ZeroDuration()))
            ->message_chinese);
  }
  EXPECT_EQ(words.size(), std::size(kFailures));
}

}  // namespace
}  // namespace genledger
