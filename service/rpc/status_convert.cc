#include "service/rpc/status_convert.h"

#include <optional>
#include <string>

#include "google/rpc/status.pb.h"
#include "service/api/error_proto.h"
#include "service/base/error_details.h"

namespace genledger {
namespace {

constexpr char kPushback[] = "grpc-retry-pushback-ms";

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status) {
  const google::rpc::Status proto = ErrorToProto(status);
  // gRPC's own codes are Abseil's, and google.rpc's, by number.
  return {static_cast<grpc::StatusCode>(proto.code()), proto.message(),
          proto.details().empty() ? std::string() : proto.SerializeAsString()};
}

grpc::Status FinishWithError(grpc::CallbackServerContext* context, const absl::Status& status) {
  const std::optional<ErrorDetails> details = GetErrorDetails(status);
  if (details.has_value()) {
    if (details->no_retry) {
      context->AddTrailingMetadata(kPushback, "-1");
    } else if (details->retry_delay.has_value()) {
      context->AddTrailingMetadata(
          kPushback, std::to_string(absl::ToInt64Milliseconds(*details->retry_delay)));
    }
  }
  return ToGrpcStatus(status);
}

}  // namespace genledger
