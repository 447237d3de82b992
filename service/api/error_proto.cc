#include "service/api/error_proto.h"

#include <algorithm>
#include <optional>
#include <string>

#include "google/rpc/code.pb.h"
#include "google/rpc/error_details.pb.h"
#include "service/base/error_reason.h"
#include "service/base/texts.h"

namespace genledger {
namespace {

constexpr char kDomain[] = "genledger";
// What BadRequest may take of kErrorDetailsBytesMax; the rest is for the other details.
constexpr size_t kBadRequestBytesMax = 2800;

google::rpc::BadRequest BadRequestOf(const std::vector<FieldViolation>& violations,
                                     Language language) {
  google::rpc::BadRequest proto;
  size_t shown = 0;
  for (; shown < std::min(violations.size(), kViolationsShownMax); ++shown) {
    google::rpc::BadRequest::FieldViolation* added = proto.add_field_violations();
    added->set_field(violations[shown].field);
    added->set_description(DescriptionOf(violations[shown]).In(language));
    if (proto.ByteSizeLong() > kBadRequestBytesMax) {
      proto.mutable_field_violations()->RemoveLast();
      break;
    }
  }
  if (shown < violations.size()) {
    proto.add_field_violations()->set_description(
        MakeText(TextId::kMoreViolations, {Verbatim(std::to_string(violations.size() - shown))})
            .In(language));
  }
  return proto;
}

void AddDetails(const ErrorDetails& details, Language language, google::rpc::Status* proto) {
  google::rpc::ErrorInfo info;
  info.set_domain(kDomain);
  info.set_reason(std::string(ErrorReasonName(details.reason)));
  for (const auto& [key, value] : details.metadata) {
    (*info.mutable_metadata())[key] = value;
  }
  proto->add_details()->PackFrom(info);
  if (!details.violations.empty()) {
    proto->add_details()->PackFrom(BadRequestOf(details.violations, language));
  }
  if (details.retry_delay.has_value()) {
    google::rpc::RetryInfo retry;
    const int64_t millis = absl::ToInt64Milliseconds(*details.retry_delay);
    retry.mutable_retry_delay()->set_seconds(millis / 1000);
    retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>(millis % 1000 * 1'000'000));
    proto->add_details()->PackFrom(retry);
  }
  if (!details.resource_type.empty()) {
    google::rpc::ResourceInfo resource;
    resource.set_resource_type(details.resource_type);
    resource.set_resource_name(details.resource_name);
    proto->add_details()->PackFrom(resource);
  }
  if (!details.quota_subject.empty()) {
    google::rpc::QuotaFailure quota;
    google::rpc::QuotaFailure::Violation* violation = quota.add_violations();
    violation->set_subject(details.quota_subject);
    violation->set_description(proto->message());
    proto->add_details()->PackFrom(quota);
  }
}

}  // namespace

google::rpc::Status ErrorToProto(const absl::Status& status, Language language) {
  google::rpc::Status proto;
  const std::optional<ErrorDetails> details = GetErrorDetails(status);
  if (details.has_value()) {
    proto.set_code(static_cast<int>(status.code()));
    const LocalText message{.english = std::string(status.message()),
                            .chinese = details->message_chinese};
    proto.set_message(message.In(language));
    AddDetails(*details, language, &proto);
  } else if (status.code() == absl::StatusCode::kUnimplemented) {
    proto.set_code(google::rpc::UNIMPLEMENTED);
    proto.set_message(std::string(status.message()));
  } else {
    proto.set_code(google::rpc::INTERNAL);
    proto.set_message(MakeText(TextId::kInternalError).In(language));
  }
  return proto;
}

}  // namespace genledger
