#include "service/rpc/status_convert.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "service/api/error_proto.h"
#include "service/base/errors.h"

namespace genledger {
namespace {

const SubmissionId kId("sub_01KDVDNA00ABCDEFGHJKMNPQRS");

google::rpc::Status DetailsOf(const grpc::Status& status) {
  google::rpc::Status proto;
  EXPECT_TRUE(proto.ParseFromString(status.error_details()));
  EXPECT_EQ(proto.code(), static_cast<int>(status.error_code()));
  EXPECT_EQ(proto.message(), status.error_message());
  return proto;
}

// The detail of this type; a default one if there is none.
template <typename T>
T Detail(const grpc::Status& status) {
  const google::rpc::Status proto = DetailsOf(status);
  T detail;
  for (const auto& any : proto.details()) {
    if (any.Is<T>()) {
      any.UnpackTo(&detail);
    }
  }
  return detail;
}

std::vector<FieldViolation> LongViolations(int count) {
  std::vector<FieldViolation> violations;
  for (int i = 0; i < count; ++i) {
    violations.push_back(
        {.field = "labels[" + std::string(63, 'k') + "]", .description = std::string(192, 'd')});
  }
  return violations;
}

TEST(ToGrpcStatus, CarriesDomainReasonAndMetadata) {
  const grpc::Status status = ToGrpcStatus(errors::RequestIdReused(kId, {"spec.prompt"}));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ALREADY_EXISTS);
  const auto info = Detail<google::rpc::ErrorInfo>(status);
  EXPECT_EQ(info.domain(), "genledger");
  EXPECT_EQ(info.reason(), "REQUEST_ID_REUSED");
  EXPECT_EQ(info.metadata().at("submission_id"), kId.value());
  EXPECT_EQ(info.metadata().at("fields"), "spec.prompt");
  EXPECT_EQ(Detail<google::rpc::ResourceInfo>(status).resource_name(), kId.value());
}

TEST(ToGrpcStatus, ListsSixteenViolationsAndCountsTheRest) {
  std::vector<FieldViolation> violations(20, {.field = "labels", .description = "is wrong"});
  const auto shown =
      Detail<google::rpc::BadRequest>(ToGrpcStatus(errors::FieldInvalid(violations)));
  ASSERT_EQ(shown.field_violations_size(), 17);
  EXPECT_EQ(shown.field_violations(15).description(), "is wrong");
  EXPECT_EQ(shown.field_violations(16).description(), "and 4 more");
  violations.resize(16);
  EXPECT_EQ(Detail<google::rpc::BadRequest>(ToGrpcStatus(errors::FieldInvalid(violations)))
                .field_violations_size(),
            16);
}

TEST(ToGrpcStatus, StaysUnderFourKibibytesWhateverTheFaults) {
  for (const int count : {1, 10, 11, 16, 100}) {
    const grpc::Status status = ToGrpcStatus(errors::FieldInvalid(LongViolations(count)));
    EXPECT_LT(status.error_details().size(), kErrorDetailsBytesMax);
    const auto shown = Detail<google::rpc::BadRequest>(status);
    ASSERT_GT(shown.field_violations_size(), 0);
    EXPECT_EQ(shown.field_violations(0).description(), std::string(192, 'd'));
    if (count == 100) {
      EXPECT_EQ(shown.field_violations(shown.field_violations_size() - 1).description(),
                "and " + std::to_string(101 - shown.field_violations_size()) + " more");
    }
  }
}

TEST(ToGrpcStatus, TellsWhenToRetry) {
  const auto retry = Detail<google::rpc::RetryInfo>(ToGrpcStatus(errors::SubmissionFailed(
      kId, ErrorReason::kUpstreamUnavailable, "words", 503, 0, absl::Milliseconds(31'500))));
  EXPECT_EQ(retry.retry_delay().seconds(), 31);
  EXPECT_EQ(retry.retry_delay().nanos(), 500'000'000);
}

TEST(ToGrpcStatus, NamesTheQuota) {
  const grpc::Status status = ToGrpcStatus(errors::BacklogFull(absl::Seconds(1)));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(Detail<google::rpc::QuotaFailure>(status).violations(0).subject(), "backlog");
}

TEST(ToGrpcStatus, WhatNobodyMadePublicStaysInside) {
  const grpc::Status status = ToGrpcStatus(absl::InternalError("SELECT secret FROM rows"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_EQ(status.error_message(), "internal error");
  EXPECT_EQ(ToGrpcStatus(errors::FencedOff(kId, "epoch")).error_code(), grpc::StatusCode::INTERNAL);
}

TEST(ToGrpcStatus, WhatIsNotBuiltYetSaysSo) {
  const grpc::Status status = ToGrpcStatus(absl::UnimplementedError("filter is not built yet"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(status.error_message(), "filter is not built yet");
}

}  // namespace
}  // namespace genledger
