#include "service/base/errors.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "service/base/texts.h"

namespace genledger {
namespace {

using enum ErrorReason;

const SubmissionId kId("sub_01KDVMGXG0ABCDEFGHJKMNPQRS");

// DESIGN.md section 4, "Answers".
struct Row {
  absl::Status status;
  absl::StatusCode code;
  ErrorReason reason;
  bool no_retry;
};

absl::Status Failed(ErrorReason reason) {
  return errors::SubmissionFailed(kId, reason, "words", 500, 0, absl::Seconds(30));
}

std::vector<Row> Table() {
  using enum absl::StatusCode;
  return {
      {errors::FieldInvalid({{"spec.prompt", "is required"}}), kInvalidArgument, kFieldInvalid,
       true},
      {errors::RequestIdReused(kId, {"spec.prompt"}), kAlreadyExists, kRequestIdReused, true},
      {errors::RequestIdExpired(), kFailedPrecondition, kRequestIdExpired, true},
      {errors::SubmissionNotFound("x"), kNotFound, kSubmissionNotFound, true},
      {errors::OutcomeUnknown(kId), kFailedPrecondition, kUpstreamOutcomeUnknown, true},
      {errors::SubmissionAbandoned(kId), kFailedPrecondition, kSubmissionAbandoned, true},
      {errors::SubmissionCancelled(kId), kFailedPrecondition, kSubmissionCancelled, true},
      {Failed(kUpstreamRefusedRequest), kInvalidArgument, kUpstreamRefusedRequest, true},
      {Failed(kUpstreamMisconfigured), kFailedPrecondition, kUpstreamMisconfigured, true},
      {Failed(kUpstreamCredentialInvalid), kFailedPrecondition, kUpstreamCredentialInvalid, true},
      {Failed(kUpstreamBalanceExhausted), kFailedPrecondition, kUpstreamBalanceExhausted, true},
      {Failed(kUpstreamForbidden), kFailedPrecondition, kUpstreamForbidden, true},
      {Failed(kUpstreamRateLimited), kResourceExhausted, kUpstreamRateLimited, false},
      {Failed(kUpstreamUnavailable), kUnavailable, kUpstreamUnavailable, false},
      {Failed(kSubmitWithinExpired), kUnavailable, kSubmitWithinExpired, false},
      {errors::StoreUnavailable("down"), kUnavailable, kStoreUnavailable, false},
      {errors::ShuttingDown(), kUnavailable, kShuttingDown, false},
      {errors::BacklogFull(absl::Seconds(2)), kResourceExhausted, kBacklogFull, false},
      {errors::PermissionDenied(TextId::kDeniedReader), absl::StatusCode::kPermissionDenied,
       ErrorReason::kPermissionDenied, true},
      {errors::IllegalState(kId, TextId::kStateHeld), kFailedPrecondition, kIllegalState, true},
  };
}

TEST(Errors, HaveTheCodeReasonAndRetryOfTheDesign) {
  for (const Row& row : Table()) {
    SCOPED_TRACE(std::string(ErrorReasonName(row.reason)));
    EXPECT_EQ(row.status.code(), row.code);
    const std::optional<ErrorDetails> details = GetErrorDetails(row.status);
    ASSERT_TRUE(details.has_value());
    EXPECT_EQ(details->reason, row.reason);
    EXPECT_EQ(details->no_retry, row.no_retry);
    // A FAILED submission also tells when the same request_id starts a new run.
    EXPECT_TRUE(details->retry_delay.has_value() || row.no_retry);
    EXPECT_FALSE(row.status.message().empty());
  }
}

TEST(Errors, AboutASubmissionNameIt) {
  for (const absl::Status& status :
       {errors::RequestIdReused(kId, {"variation"}), errors::OutcomeUnknown(kId),
        errors::SubmissionAbandoned(kId), errors::SubmissionCancelled(kId),
        Failed(kUpstreamUnavailable), errors::IllegalState(kId, TextId::kStateHeld)}) {
    const std::optional<ErrorDetails> details = GetErrorDetails(status);
    EXPECT_EQ(details->resource_name, kId.value());
    ASSERT_FALSE(details->metadata.empty());
    EXPECT_EQ(details->metadata[0].first, "submission_id");
    EXPECT_EQ(details->metadata[0].second, kId.value());
  }
}

TEST(RequestIdReused, NamesTheFieldsButNoValue) {
  const absl::Status status = errors::RequestIdReused(kId, {"spec.prompt", "variation"});
  const std::pair<std::string, std::string> fields{"fields", "spec.prompt,variation"};
  EXPECT_EQ(GetErrorDetails(status)->metadata[1], fields);
}

TEST(FieldInvalid, KeepsEveryViolationAndNamesTheFirst) {
  const absl::Status status =
      errors::FieldInvalid({{"spec.prompt", "is required"}, {"wait", "is too long"}});
  EXPECT_EQ(status.message(), "spec.prompt: is required (and 1 more)");
  EXPECT_EQ(GetErrorDetails(status)->violations.size(), 2U);
}

TEST(SubmissionFailed, CarriesTheTimeUntilItMayBeReopened) {
  EXPECT_EQ(GetErrorDetails(Failed(kUpstreamUnavailable))->retry_delay, absl::Seconds(30));
  const absl::Status now =
      errors::SubmissionFailed(kId, kUpstreamUnavailable, "", 0, 0, -absl::Hours(1));
  EXPECT_EQ(GetErrorDetails(now)->retry_delay, absl::ZeroDuration());
}

TEST(SubmissionFailed, TellsTheUpstreamsStatusOnlyIfItAnswered) {
  const ErrorDetails with = GetErrorDetails(Failed(kUpstreamUnavailable)).value();
  const std::pair<std::string, std::string> http_status{"http_status", "500"};
  EXPECT_EQ(with.metadata.back(), http_status);
  const absl::Status never =
      errors::SubmissionFailed(kId, kUpstreamUnavailable, "", 0, 0, absl::ZeroDuration());
  EXPECT_EQ(GetErrorDetails(never)->metadata.size(), 1U);
}

TEST(FencedOff, IsInternalToTheLedger) {
  const absl::Status status = errors::FencedOff(kId, "moved on");
  EXPECT_TRUE(absl::IsAborted(status));
  EXPECT_FALSE(GetErrorDetails(status).has_value());
}

TEST(SubmissionFailed, SaysWhatMayHaveBeenCharged) {
  const absl::Status clean =
      errors::SubmissionFailed(kId, kUpstreamUnavailable, "busy", 500, 0, absl::ZeroDuration());
  EXPECT_EQ(std::string(clean.message()).find("charged"), std::string::npos);
  const absl::Status trusted =
      errors::SubmissionFailed(kId, kUpstreamUnavailable, "busy", 500, 3, absl::ZeroDuration());
  EXPECT_NE(std::string(trusted.message()).find("up to 3 of its POSTs may have been charged"),
            std::string::npos)
      << trusted;
  const std::optional<ErrorDetails> details = GetErrorDetails(trusted);
  EXPECT_EQ(details->metadata.back(), (std::pair<std::string, std::string>("charges_max", "3")));
}

}  // namespace
}  // namespace genledger
