#include "service/http/error_response.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "google/rpc/status.pb.h"
#include "service/api/error_proto.h"
#include "service/base/error_details.h"
#include "service/base/error_http.h"
#include "service/base/error_reason.h"
#include "service/base/texts.h"
#include "service/http/json_text.h"
#include "service/http/proto_to_json.h"

namespace genledger {
namespace {

using Json = nlohmann::ordered_json;

// The name of a field as the callers of the upstream's form know it.
std::string PageFieldName(absl::string_view field) {
  if (field == "request_id") {
    return "Idempotency-Key";
  }
  if (field == "wait") {
    return "Prefer";
  }
  absl::ConsumePrefix(&field, "spec.");
  return std::string(field == "spec" ? "" : field);
}

// Every violation in one line, because the form has one message.
std::string PageMessage(const ErrorDetails& details, Language language) {
  std::string message;
  const size_t shown = std::min(details.violations.size(), kViolationsShownMax);
  for (size_t i = 0; i < shown; ++i) {
    const std::string field = PageFieldName(details.violations[i].field);
    message += (i == 0 ? "" : " ") + field + (field.empty() ? "" : ": ") +
               DescriptionOf(details.violations[i]).In(language);
  }
  if (shown < details.violations.size()) {
    message += " " + MakeText(TextId::kMoreViolations,
                              {Verbatim(std::to_string(details.violations.size() - shown))})
                         .In(language);
  }
  return message;
}

// The one message that names fields in its words: in the names of the form.
std::string PageWords(ErrorReason reason, const std::string& message) {
  return reason == ErrorReason::kRequestIdReused
             ? absl::StrReplaceAll(message, {{"request_id", "Idempotency-Key"}, {"spec.", ""}})
             : message;
}

HttpResponse PageForm(int http_status, std::string_view type, const std::string& message) {
  const Json body = {
      {"error", {{"code", http_status}, {"message", message}, {"type", std::string(type)}}}};
  return JsonResponse(http_status, JsonText(body));
}

HttpResponse ApiForm(int http_status, const google::rpc::Status& status) {
  Json error = {{"code", http_status},
                {"message", status.message()},
                {"status", absl::StatusCodeToString(static_cast<absl::StatusCode>(status.code()))}};
  if (!status.details().empty()) {
    if (const absl::StatusOr<std::string> json = ProtoToJson(status); json.ok()) {
      error["details"] = Json::parse(*json).at("details");
    }
  }
  return JsonResponse(http_status, JsonText({{"error", std::move(error)}}));
}

// For what HTTP refuses by itself.
absl::StatusCode CodeOfRefusal(int http_status) {
  switch (http_status) {
    case 403:
      return absl::StatusCode::kPermissionDenied;
    case 404:
      return absl::StatusCode::kNotFound;
    case 405:
    case 501:
      return absl::StatusCode::kUnimplemented;
    case 408:
      return absl::StatusCode::kDeadlineExceeded;
    case 503:
      return absl::StatusCode::kUnavailable;
    default:
      return absl::StatusCode::kInvalidArgument;
  }
}

std::string_view PageTypeOfRefusal(int http_status) {
  if (http_status == 403) {
    return "permission_error";
  }
  return http_status < 500 ? "invalid_request_error" : "server_error";
}

// What was recorded as failed says by no_retry whether a repeat is of use. Where a breaker was open
// and nothing was recorded, no_retry only keeps libraries from waiting for an operator: a repeat
// after that time does better once the operator has acted.
bool MayRepeatHelp(const ErrorDetails& details) {
  const bool is_recorded =
      std::any_of(details.metadata.begin(), details.metadata.end(),
                  [](const auto& fact) { return fact.first == "submission_id"; });
  return details.retry_delay.has_value() && (!details.no_retry || !is_recorded);
}

void AddHeaders(const ErrorDetails& details, HttpHeaders& headers) {
  headers.emplace_back("Genledger-Reason", std::string(ErrorReasonName(details.reason)));
  for (const auto& [key, value] : details.metadata) {
    if (key == "submission_id") {
      headers.emplace_back("Genledger-Submission-Id", value);
    }
  }
  if (MayRepeatHelp(details)) {
    const double seconds = std::ceil(absl::ToDoubleSeconds(*details.retry_delay));
    headers.emplace_back("Retry-After", std::to_string(std::max(1, static_cast<int>(seconds))));
  }
  if (details.reason == ErrorReason::kUnauthenticated) {
    headers.emplace_back("WWW-Authenticate", "Bearer");
  }
}

}  // namespace

HttpResponse ErrorResponse(const absl::Status& status, ErrorForm form, Language language) {
  const std::optional<ErrorDetails> details = GetErrorDetails(status);
  const google::rpc::Status proto = ErrorToProto(status, language);
  HttpResponse response;
  if (form == ErrorForm::kApi) {
    response = ApiForm(HttpStatusOf(static_cast<absl::StatusCode>(proto.code())), proto);
  } else {
    const ErrorReason reason = details.has_value() ? details->reason : ErrorReason::kUnspecified;
    const PageError& error = PageErrorOf(reason);
    const bool has_violations = details.has_value() && !details->violations.empty();
    response = PageForm(
        error.http_status, error.type,
        has_violations ? PageMessage(*details, language) : PageWords(reason, proto.message()));
  }
  if (details.has_value()) {
    AddHeaders(*details, response.headers);
  }
  return response;
}

HttpResponse RefusalResponse(int http_status, const LocalText& why, ErrorForm form,
                             Language language) {
  HttpResponse response;
  if (form == ErrorForm::kPage) {
    response = PageForm(http_status, PageTypeOfRefusal(http_status), why.In(language));
  } else {
    google::rpc::Status status;
    status.set_code(static_cast<int>(CodeOfRefusal(http_status)));
    status.set_message(why.In(language));
    response = ApiForm(http_status, status);
  }
  if (http_status == 503) {
    response.headers.emplace_back("Retry-After", "1");
  }
  return response;
}

}  // namespace genledger
