#include "clients/cpp/error.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace genledger::client {
namespace {

constexpr std::string_view kDomain = "genledger";

constexpr std::array<std::string_view, 17> kCodeNames = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

void AddErrorInfo(const google::rpc::ErrorInfo& info, Error& error) {
  if (info.domain() == kDomain) {
    error.reason = info.reason();
    error.metadata = {info.metadata().begin(), info.metadata().end()};
  }
}

void AddBadRequest(const google::rpc::BadRequest& request, Error& error) {
  for (const google::rpc::BadRequest::FieldViolation& violation : request.field_violations()) {
    error.violations.push_back(
        {.field = violation.field(), .description = violation.description()});
  }
}

void AddRetryInfo(const google::rpc::RetryInfo& retry, Error& error) {
  if (retry.has_retry_delay()) {
    error.retry_delay = absl::Seconds(retry.retry_delay().seconds()) +
                        absl::Nanoseconds(retry.retry_delay().nanos());
  }
}

void AddDetail(const google::protobuf::Any& detail, Error& error) {
  google::rpc::ErrorInfo info;
  google::rpc::BadRequest request;
  google::rpc::RetryInfo retry;
  if (detail.UnpackTo(&info)) {
    AddErrorInfo(info, error);
  } else if (detail.UnpackTo(&request)) {
    AddBadRequest(request, error);
  } else if (detail.UnpackTo(&retry)) {
    AddRetryInfo(retry, error);
  }
}

}  // namespace

Error ErrorFromStatus(const grpc::Status& status) {
  Error error{.code = status.error_code(), .message = status.error_message()};
  google::rpc::Status proto;
  if (proto.ParseFromString(status.error_details())) {
    for (const google::protobuf::Any& detail : proto.details()) {
      AddDetail(detail, error);
    }
  }
  return error;
}

absl::Duration PushbackFromText(std::string_view text) {
  int32_t millis = 0;
  const char* const last = text.data() + text.size();
  const auto [end, failure] = std::from_chars(text.data(), last, millis);
  if (failure != std::errc() || end != last || millis < 0) {
    return absl::Milliseconds(-1);
  }
  return absl::Milliseconds(millis);
}

Error LocalError(grpc::StatusCode code, std::string message) {
  return {.code = code, .message = std::move(message)};
}

std::string CodeName(grpc::StatusCode code) {
  const auto number = static_cast<size_t>(code);
  return number < kCodeNames.size() ? std::string(kCodeNames[number])
                                    : "CODE_" + std::to_string(static_cast<int>(code));
}

}  // namespace genledger::client
