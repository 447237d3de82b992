// DESIGN.md section 6's outcome table and facts R1 to R21, a case for every row.
#include "service/upstream/classify.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "service/base/error_reason.h"
#include "service/base/ids.h"

namespace genledger {
namespace {

using enum AttemptClass;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

struct Case {
  std::string name;
  int status;
  std::string body;
  AttemptClass outcome;
  ErrorReason reason = ErrorReason::kUpstreamOutcomeUnknown;
  std::vector<std::string> ids = {};
  bool trusted = false;
  TransportFailure failure = TransportFailure::kNone;
};

std::string Envelope(const std::string& code, const std::string& message = "m") {
  return R"({"error":{"code":)" + code + R"(,"message":")" + message + R"(","type":"t"}})";
}

AttemptResult Judge(const Case& tested, ClassifyOptions options = {}) {
  options.now = kNow;
  return Classify({.failure = tested.failure,
                   .request_byte_written = true,
                   .http_status = tested.status,
                   .body = tested.body},
                  options);
}

constexpr auto kUnknown = ErrorReason::kUpstreamOutcomeUnknown;
constexpr auto kBad = ErrorReason::kUpstreamRefusedRequest;
constexpr auto kOurs = ErrorReason::kUpstreamMisconfigured;
constexpr auto kLater = ErrorReason::kUpstreamUnavailable;
constexpr auto kNoReason = ErrorReason::kUnspecified;
const std::string kTaskAnswer = R"({"code":200,"data":[{"status":"submitted","task_id":"t1"}]})";
const std::string kHtml = "<html><body>gateway</body></html>";

std::vector<Case> SuccessCases() {
  return {
      // 2xx with a usable task id.
      {"Page200", 200, kTaskAnswer, kAccepted, kNoReason, {"t1"}},
      {"R16ObjectId",
       202,
       R"({"code":202,"data":{"id":"t1","status":"queued"}})",
       kAccepted,
       kNoReason,
       {"t1"}},
      {"AnyNonEmptyStringIsAnId",
       200,
       R"({"data":[{"task_id":"a\u0000b"},{"task_id":"a\u0000b"}]})",
       kAccepted,
       kNoReason,
       {std::string("a\0b", 3)}},
      {"R16ObjectTaskId", 200, R"({"data":{"task_id":"t1"}})", kAccepted, kNoReason, {"t1"}},
      {"AllIdsOfALongerArray",
       200,
       R"({"data":[{"task_id":"a"},{"task_id":"b"},{"x":1}]})",
       kAccepted,
       kNoReason,
       {"a", "b"}},
      {"R20TopLevelTaskId", 200, R"({"task_id":"t1"})", kAccepted, kNoReason, {"t1"}},
      {"R20TopLevelId", 200, R"({"id":"t1","object":"video"})", kAccepted, kNoReason, {"t1"}},
      {"R15IdInDataWins",
       200,
       R"({"code":500,"error":{"code":500},"data":[{"task_id":"t1"}]})",
       kAccepted,
       kNoReason,
       {"t1"}},
      {"R21UnknownKeysAndBom",
       200,
       "\xEF\xBB\xBF{\"x\":{\"y\":[1]},\"data\":[{\"task_id\":\"t\"}]}",
       kAccepted,
       kNoReason,
       {"t"}},
      // 2xx that carries an error.
      {"R15InnerInt", 200, Envelope("400"), kRefused, kBad},
      {"R15InnerNumericString", 200, Envelope("\"401\""), kRefusedAccount,
       ErrorReason::kUpstreamCredentialInvalid},
      {"R15TopLevelCode", 200, R"({"code":402,"message":"no money","data":null})", kRefusedAccount,
       ErrorReason::kUpstreamBalanceExhausted},
      {"R15Inner429", 200, Envelope("429"), kRefusedTransient, ErrorReason::kUpstreamRateLimited},
      {"R15Inner500IsAnEnvelope", 200, Envelope("500"), kRefusedTransient, kLater, {}, true},
      {"Inner500WithoutEnvelope", 200, R"({"code":500,"message":"no"})", kAmbiguous},
      {"Inner504", 200, Envelope("504"), kAmbiguous},
      {"InnerGetChannelFailed", 200,
       R"({"code":400,"error":{"code":"get_channel_failed","message":"wait"}})", kRefusedTransient,
       kLater},
      {"InnerBuildRequestFailed", 200, Envelope("500", "build_request_failed: x"), kRefused, kBad},
      {"InnerSymbolOnly", 200, Envelope("\"server_error\""), kAmbiguous},
      {"InnerEmptyCode", 200, Envelope("\"\""), kAmbiguous},
      {"InnerCode200", 200, Envelope("200"), kAmbiguous},
      {"InnerVendorNumber", 200, Envelope("10001"), kAmbiguous},
      {"SuccessFalse", 200, R"({"success":false,"message":"no"})", kAmbiguous},
      {"ErrorSpoilsTopLevelId", 200, R"({"id":"req_1","error":{"message":"no"}})", kAmbiguous},
      {"SuccessFalseSpoilsTopLevelId", 200, R"({"success":false,"task_id":"t"})", kAmbiguous},
      {"NullErrorIsNone", 200, R"({"error":null,"task_id":"t"})", kAccepted, kNoReason, {"t"}},
  };
}

std::vector<Case> RefusalCases() {
  return {
      // 400 get_channel_failed, build_request_failed.
      {"R4Code", 400, Envelope("\"get_channel_failed\""), kRefusedTransient, kLater},
      {"R4Message", 400, Envelope("400", "get_channel_failed: wait"), kRefusedTransient, kLater},
      {"R11At500", 500, Envelope("500", "build_request_failed: bad image"), kRefused, kBad},
      {"R11At503", 503, Envelope("503", "build_request_failed"), kRefused, kBad},
      {"R11At504", 504, Envelope("504", "build_request_failed: x"), kRefused, kBad},
      {"R11At429", 429, Envelope("429", "build_request_failed: x"), kRefused, kBad},
      // Refused.
      {"R3_400", 400, Envelope("400"), kRefused, kBad},
      {"R3_413", 413, "", kRefused, kBad},
      {"R3_415", 415, "", kRefused, kBad},
      {"R3_422", 422, Envelope("\"invalid_duration\""), kRefused, kBad},
      {"Other4xx", 451, "", kRefused, kBad},
      {"R3_404", 404, kHtml, kRefused, kOurs},
      {"R3_405", 405, "", kRefused, kOurs},
      {"R3_410", 410, "", kRefused, kOurs},
      {"R19_301", 301, "", kRefused, kOurs},
      {"R19_304", 304, "", kRefused, kOurs},
      {"R19_308", 308, kTaskAnswer, kRefused, kOurs},
      {"R3_401", 401, R"({"error":{"code":"","message":"bad key","type":"apimart_error"}})",
       kRefusedAccount, ErrorReason::kUpstreamCredentialInvalid},
      {"R3_402", 402, Envelope("402"), kRefusedAccount, ErrorReason::kUpstreamBalanceExhausted},
      {"R3_403", 403, kHtml, kRefusedAccount, ErrorReason::kUpstreamForbidden},
      // 409.
      {"R6", 409, Envelope("\"idempotency_in_progress\""), kInProgress},
      {"R7", 409, Envelope("\"idempotency_key_reused\""), kRefused, kOurs},
      {"R8", 409, Envelope("\"idempotency_result_indeterminate\""), kAmbiguous},
      {"Other409", 409, Envelope("409"), kAmbiguous},
      {"Html409", 409, kHtml, kAmbiguous},
      // Later.
      {"R9Json", 429, Envelope("429"), kRefusedTransient, ErrorReason::kUpstreamRateLimited},
      {"R9Html", 429, kHtml, kRefusedTransient, ErrorReason::kUpstreamRateLimited},
      {"R12Unavailable", 503, Envelope("\"idempotency_unavailable\""), kRefusedTransient, kLater},
      {"R10", 500, Envelope("500"), kRefusedTransient, kLater, {}, true},
      {"R12_502", 502, Envelope("502"), kRefusedTransient, kLater, {}, true},
      {"R12_503", 503, Envelope("503"), kRefusedTransient, kLater, {}, true},
  };
}

std::vector<Case> AmbiguousCases() {
  return {
      // Everything else.
      {"R10DoRequestFailed", 500, Envelope("\"do_request_failed\""), kAmbiguous},
      {"DoRequestFailedInMessage", 500, Envelope("500", "do_request_failed: eof"), kAmbiguous},
      {"R10NoEnvelope", 500, "", kAmbiguous},
      {"GatewayJsonIsNoEnvelope", 502, R"({"message":"Internal server error"})", kAmbiguous},
      {"ErrorStringIsNoEnvelope", 500, R"({"error":"boom"})", kAmbiguous},
      {"EmptyErrorIsNoEnvelope", 500, R"({"error":{}})", kAmbiguous},
      {"R14Html502", 502, kHtml, kAmbiguous},
      {"R14Html200", 200, kHtml, kAmbiguous},
      {"R5", 408, Envelope("408"), kAmbiguous},
      {"R12_504", 504, Envelope("504"), kAmbiguous},
      {"R13_520", 520, Envelope("520"), kAmbiguous},
      {"R13_524", 524, kHtml, kAmbiguous},
      {"Other5xx", 501, Envelope("501"), kAmbiguous},
      {"Status600", 600, "", kAmbiguous},
      {"R2NoStatus", 0, "", kAmbiguous, kUnknown, {}, false, TransportFailure::kConnectionLost},
      {"R17EmptyArray", 200, R"({"code":200,"data":[]})", kAmbiguous},
      {"R17Null", 200, R"({"code":200,"data":null})", kAmbiguous},
      {"R17Missing", 200, R"({"code":200})", kAmbiguous},
      {"R17EmptyId", 200, R"({"data":[{"task_id":""}]})", kAmbiguous},
      {"R17NumberId", 200, R"({"data":[{"task_id":5}]})", kAmbiguous},
      {"IdBesideUnusableData", 200, R"({"id":"req_1","data":[{"status":"submitted"}]})",
       kAmbiguous},
      {"TaskIdBesideEmptyData", 200, R"({"task_id":"t1","data":[]})", kAccepted, kNoReason, {"t1"}},
      {"R18Truncated", 200, R"({"code":200,"data":[{"task_id":"t1"}])", kAmbiguous},
      {"R18CutShort",
       200,
       kTaskAnswer,
       kAmbiguous,
       kUnknown,
       {},
       false,
       TransportFailure::kAnswerCutShort},
      {"R18TooLong",
       200,
       kTaskAnswer,
       kAmbiguous,
       kUnknown,
       {},
       false,
       TransportFailure::kAnswerTooLong},
      {"R18TrailingGarbage", 200, kTaskAnswer + "x", kAmbiguous},
      {"R21DuplicateData", 200, R"({"data":[{"task_id":"a"}],"data":[{"task_id":"b"}]})",
       kAmbiguous},
      {"NoContent", 204, "", kAmbiguous},
      // A status line that was read decides even if the rest was cut.
      {"CutShort400", 400, "{", kRefused, kBad, {}, false, TransportFailure::kAnswerCutShort},
      {"CutShort401",
       401,
       "",
       kRefusedAccount,
       ErrorReason::kUpstreamCredentialInvalid,
       {},
       false,
       TransportFailure::kTimeout},
      {"CutShort409", 409, "", kAmbiguous, kUnknown, {}, false, TransportFailure::kAnswerCutShort},
      {"CutShort500",
       500,
       Envelope("500"),
       kAmbiguous,
       kUnknown,
       {},
       false,
       TransportFailure::kAnswerCutShort},
  };
}

TEST(ClassifyTest, EveryRowOfTheTable) {
  std::vector<Case> cases = SuccessCases();
  for (const std::vector<Case>& more : {RefusalCases(), AmbiguousCases()}) {
    cases.insert(cases.end(), more.begin(), more.end());
  }
  for (const Case& tested : cases) {
    SCOPED_TRACE(tested.name);
    const AttemptResult result = Judge(tested);
    EXPECT_EQ(result.outcome, tested.outcome);
    EXPECT_EQ(ErrorReasonName(result.reason), ErrorReasonName(tested.reason));
    std::vector<TaskId> ids;
    for (const std::string& id : tested.ids) {
      ids.emplace_back(id);
    }
    EXPECT_EQ(result.task_ids, ids);
    EXPECT_EQ(result.trusted_envelope, tested.trusted);
    EXPECT_EQ(result.http_status, tested.status);
    EXPECT_EQ(result.never_repost, tested.name == "R8");
  }
}

TEST(ClassifyTest, R1NoByteWrittenIsNotSentWhateverTheReason) {
  for (const TransportFailure failure :
       {TransportFailure::kResolveFailed, TransportFailure::kConnectFailed,
        TransportFailure::kConnectTimeout, TransportFailure::kTlsFailed,
        TransportFailure::kConnectionLost, TransportFailure::kShuttingDown,
        TransportFailure::kStartTooLate}) {
    const AttemptResult result = Classify({.failure = failure}, {.now = kNow});
    EXPECT_EQ(result.outcome, kNotSent);
    EXPECT_EQ(result.reason, ErrorReason::kUpstreamUnavailable);
    EXPECT_EQ(result.upstream_code, TransportFailureName(failure));
    EXPECT_FALSE(result.counts_against_posts);
    EXPECT_FALSE(result.spends_retry_budget);
  }
}

TEST(ClassifyTest, R2AnyFailureAfterTheFirstByteIsAmbiguous) {
  for (int i = 1; i <= static_cast<int>(TransportFailure::kInternal); ++i) {
    const AttemptResult result = Classify(
        {.failure = static_cast<TransportFailure>(i), .request_byte_written = true}, {.now = kNow});
    EXPECT_EQ(result.outcome, kAmbiguous);
    EXPECT_EQ(result.reason, ErrorReason::kUpstreamOutcomeUnknown);
  }
}

TEST(ClassifyTest, EnvelopesAreAmbiguousUnlessTrusted) {
  for (const int status : {500, 502, 503}) {
    EXPECT_EQ(
        Judge({.status = status, .body = Envelope("500")}, {.trust_5xx_envelope = false}).outcome,
        kAmbiguous);
  }
  EXPECT_EQ(Judge({.status = 503, .body = Envelope("\"idempotency_unavailable\"")},
                  {.trust_5xx_envelope = false})
                .outcome,
            kRefusedTransient);
}

TEST(ClassifyTest, InProgressWithoutAKeyOfOursIsAmbiguous) {
  EXPECT_EQ(Judge({.status = 409, .body = Envelope("\"idempotency_in_progress\"")},
                  {.idempotency_key_sent = false})
                .outcome,
            kAmbiguous);
}

TEST(ClassifyTest, CountsAndBudget) {
  const AttemptResult limited = Judge({.status = 429});
  EXPECT_FALSE(limited.counts_against_posts);
  EXPECT_FALSE(limited.spends_retry_budget);
  for (const Case& tested :
       {Case{.status = 500, .body = Envelope("500")},
        Case{.status = 400, .body = Envelope("\"get_channel_failed\"")},
        Case{.status = 503, .body = Envelope("\"idempotency_unavailable\"")}}) {
    const AttemptResult result = Judge(tested);
    EXPECT_TRUE(result.counts_against_posts);
    EXPECT_TRUE(result.spends_retry_budget);
  }
}

TEST(ClassifyTest, TextsAreSanitisedAndTheRequestIdIsFound) {
  AttemptResult result = Classify(
      {.request_byte_written = true,
       .http_status = 401,
       .body = R"({"error":{"code":"","type":"apimart_error",)"
               R"j("message":"<b>key</b> plainkey or sk-abcdef123 (request id: 2026abc)"}})j"},
      {.now = kNow, .api_key = Secret("plainkey")});
  EXPECT_EQ(result.upstream_message, "key [redacted] or sk-[redacted] (request id: 2026abc)");
  EXPECT_EQ(result.upstream_request_id, "2026abc");
  result = Classify({.request_byte_written = true,
                     .http_status = 200,
                     .upstream_request_id = "header-id",
                     .body = R"({"weird":true})"},
                    {.now = kNow});
  EXPECT_EQ(result.upstream_request_id, "header-id");
  EXPECT_EQ(result.upstream_message, R"({"weird":true})");
}

TEST(ClassifyTest, RetryAfterIsCarried) {
  const AttemptResult result = Classify(
      {.request_byte_written = true, .http_status = 429, .retry_after = "7"}, {.now = kNow});
  EXPECT_EQ(result.retry_after, absl::Seconds(7));
}

}  // namespace
}  // namespace genledger
