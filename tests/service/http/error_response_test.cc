#include "service/http/error_response.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "service/base/error_details.h"
#include "service/base/error_http.h"
#include "service/base/error_reason.h"
#include "service/base/errors.h"
#include "service/base/ids.h"
#include "service/base/texts.h"
#include "service/http/http_message.h"

namespace genledger {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const SubmissionId kId("sub_01KDVDNA00ABCDEFGHJKMNPQRS");

std::string HeaderOf(const HttpResponse& response, const std::string& name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) {
      return value;
    }
  }
  return "";
}

// Every reason that the API has.
std::vector<ErrorReason> AllReasons() {
  std::vector<ErrorReason> reasons;
  for (int number = 0; number < 256; ++number) {
    const auto reason = static_cast<ErrorReason>(number);
    if (number == 0 || ErrorReasonName(reason) != "UNSPECIFIED") {
      reasons.push_back(reason);
    }
  }
  return reasons;
}

TEST(PageErrors, EveryReasonHasOneRow) {
  EXPECT_EQ(AllReasons().size(), std::size(kPageErrors));
  for (const ErrorReason reason : AllReasons()) {
    EXPECT_EQ(PageErrorOf(reason).reason, reason) << ErrorReasonName(reason);
  }
}

TEST(PageErrors, OnlyTheCallersOwnFaultsAreItsOwn) {
  for (const PageError& error : kPageErrors) {
    const bool is_credential = error.http_status == 401 || error.http_status == 403;
    EXPECT_EQ(is_credential, error.reason == ErrorReason::kUnauthenticated ||
                                 error.reason == ErrorReason::kPermissionDenied)
        << ErrorReasonName(error.reason);
    EXPECT_NE(error.http_status, 402);
  }
}

TEST(ErrorResponse, ThePagesFormHasThreeMembersAndEveryViolation) {
  const HttpResponse response =
      ErrorResponse(errors::FieldInvalid({{.field = "spec.prompt", .description = "Required."},
                                          {.field = "request_id", .description = "Too long."},
                                          {.field = "", .description = "Not an object."}}),
                    ErrorForm::kPage, Language::kEnglish);
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body,
            R"({"error":{"code":400,"message":"prompt: Required. Idempotency-Key: Too long. )"
            R"(Not an object.","type":"invalid_request_error"}})");
}

TEST(ErrorResponse, AReusedKeyIsToldInTheNamesOfTheForm) {
  for (const Language language : {Language::kEnglish, Language::kChinese}) {
    const HttpResponse response = ErrorResponse(
        errors::RequestIdReused(kId, {"spec.prompt", "spec.model"}), ErrorForm::kPage, language);
    EXPECT_THAT(response.body, AllOf(HasSubstr("Idempotency-Key"), HasSubstr("prompt, model"),
                                     Not(HasSubstr("request_id")), Not(HasSubstr("spec."))));
  }
}

TEST(ErrorResponse, TheApisFormIsGoogleRpcStatus) {
  const HttpResponse response =
      ErrorResponse(errors::SubmissionNotFound("sub_x"), ErrorForm::kApi, Language::kEnglish);
  const json error = json::parse(response.body).at("error");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(error.at("code"), 404);
  EXPECT_EQ(error.at("status"), "NOT_FOUND");
  EXPECT_EQ(error.at("details").at(0).at("@type"), "type.googleapis.com/google.rpc.ErrorInfo");
  EXPECT_EQ(error.at("details").at(0).at("reason"), "SUBMISSION_NOT_FOUND");
}

TEST(ErrorResponse, RetryAfterOnlyWhereARetryMayHelp) {
  const auto retry_after = [](const absl::Status& status) {
    return HeaderOf(ErrorResponse(status, ErrorForm::kPage, Language::kEnglish), "Retry-After");
  };
  EXPECT_EQ(retry_after(errors::ShuttingDown()), "1");
  EXPECT_EQ(retry_after(errors::BacklogFull(absl::Milliseconds(2500))), "3");
  EXPECT_EQ(retry_after(errors::OutcomeUnknown(kId)), "");
  EXPECT_EQ(retry_after(errors::SubmissionFailed(kId, ErrorReason::kUpstreamRefusedRequest, "", 400,
                                                 0, absl::Seconds(30))),
            "");
  EXPECT_EQ(retry_after(errors::SubmissionFailed(kId, ErrorReason::kUpstreamUnavailable, "", 503, 0,
                                                 absl::Seconds(30))),
            "30");
  // Nothing was recorded: once an operator has acted a repeat does better.
  for (const ErrorReason reason :
       {ErrorReason::kUpstreamCredentialInvalid, ErrorReason::kUpstreamBalanceExhausted}) {
    EXPECT_EQ(retry_after(errors::UpstreamBreakerOpen(reason, "", absl::Seconds(40))), "40");
    EXPECT_EQ(retry_after(errors::SubmissionFailed(kId, reason, "", 401, 0, absl::Seconds(30))),
              "");
  }
}

TEST(ErrorResponse, ARefusalForTheTimeBeingSaysWhenToComeBack) {
  for (const ErrorForm form : {ErrorForm::kApi, ErrorForm::kPage}) {
    const HttpResponse busy =
        RefusalResponse(503, MakeText(TextId::kHttpBusy), form, Language::kEnglish);
    EXPECT_EQ(busy.status, 503);
    EXPECT_EQ(HeaderOf(busy, "Retry-After"), "1");
    EXPECT_EQ(
        HeaderOf(RefusalResponse(404, MakeText(TextId::kHttpNoSuchRoute), form, Language::kEnglish),
                 "Retry-After"),
        "");
  }
}

TEST(ErrorResponse, NamesTheSubmissionAndTheReason) {
  for (const ErrorForm form : {ErrorForm::kApi, ErrorForm::kPage}) {
    const HttpResponse response =
        ErrorResponse(errors::OutcomeUnknown(kId), form, Language::kEnglish);
    EXPECT_EQ(HeaderOf(response, "Genledger-Submission-Id"), kId.value());
    EXPECT_EQ(HeaderOf(response, "Genledger-Reason"), "UPSTREAM_OUTCOME_UNKNOWN");
  }
}

TEST(ErrorResponse, WhatNobodyMadePublicStaysInside) {
  for (const ErrorForm form : {ErrorForm::kApi, ErrorForm::kPage}) {
    const HttpResponse response =
        ErrorResponse(absl::InternalError("SELECT secret"), form, Language::kEnglish);
    EXPECT_EQ(response.status, 500);
    EXPECT_THAT(response.body, Not(HasSubstr("secret")));
  }
}

TEST(ErrorResponse, SpeaksChinese) {
  const absl::Status status =
      errors::FieldInvalid({MakeViolation("spec.prompt", MakeText(TextId::kTypeString))});
  EXPECT_THAT(ErrorResponse(status, ErrorForm::kPage, Language::kChinese).body,
              HasSubstr("prompt: 必须是字符串。"));
  EXPECT_THAT(ErrorResponse(status, ErrorForm::kApi, Language::kChinese).body,
              HasSubstr("必须是字符串。"));
}

TEST(ErrorResponse, BytesThatAreNotUtf8DoNoHarm) {
  const HttpResponse response =
      RefusalResponse(400, Verbatim("\xff"), ErrorForm::kPage, Language::kEnglish);
  EXPECT_TRUE(json::accept(response.body));
}

}  // namespace
}  // namespace genledger
