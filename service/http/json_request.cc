#include "service/http/json_request.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "service/base/error_details.h"
#include "service/base/status_macros.h"
#include "service/base/texts.h"
#include "service/http/json_value.h"

namespace genledger {
namespace {

// application/json, alone or with charset=utf-8.
bool IsJsonInUtf8(std::string_view content_type) {
  const absl::string_view header(content_type.data(), content_type.size());
  bool is_first = true;
  for (absl::string_view part : absl::StrSplit(header, ';')) {
    part = absl::StripAsciiWhitespace(part);
    if (std::exchange(is_first, false)) {
      if (!absl::EqualsIgnoreCase(part, "application/json")) {
        return false;
      }
    } else if (absl::StartsWithIgnoreCase(part, "charset=")) {
      absl::string_view charset = part.substr(8);
      if (charset.size() > 1 && charset.front() == '"' && charset.back() == '"') {
        charset = charset.substr(1, charset.size() - 2);
      }
      if (!absl::EqualsIgnoreCase(charset, "utf-8") && !absl::EqualsIgnoreCase(charset, "utf8")) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace

std::optional<HttpResponse> RefuseMediaType(const HttpRequest& request, ErrorForm form,
                                            Language language) {
  const std::string_view encoding = request.Header("Content-Encoding");
  if (!encoding.empty() &&
      !absl::EqualsIgnoreCase(absl::string_view(encoding.data(), encoding.size()), "identity")) {
    return RefusalResponse(415, MakeText(TextId::kHttpContentEncoding), form, language);
  }
  if (!request.body.empty() &&
      (request.HeaderCount("Content-Type") != 1 || !IsJsonInUtf8(request.Header("Content-Type")))) {
    return RefusalResponse(415, MakeText(TextId::kHttpMediaType), form, language);
  }
  return std::nullopt;
}

absl::StatusOr<ApiCall> CallOf(Authenticator& authenticator, const HttpRequest& request) {
  ApiCall call;
  // Two headers are a bad one: which of them a proxy has looked at nobody knows.
  const std::string_view authorization = request.HeaderCount("Authorization") > 1
                                             ? std::string_view("two")
                                             : request.Header("Authorization");
  GL_ASSIGN_OR_RETURN(call.caller, authenticator.Authenticate({.authorization = authorization,
                                                               .certificate_names = [&request] {
                                                                 return request.certificate_names;
                                                               }}));
  return call;
}

bool ReadJsonBody(const std::string& body, RequestReader& reader, const std::string& field) {
  if (body.empty()) {
    return true;
  }
  const absl::StatusOr<JsonValue> json = ParseJson(body);
  if (json.ok()) {
    reader.ReadJson(*json, field);
    return json->kind == JsonValue::Kind::kObject;
  }
  ErrorDetails details = GetErrorDetails(json.status()).value_or(ErrorDetails());
  for (FieldViolation& fault : details.violations) {
    if (!field.empty() && !fault.field.empty()) {
      fault.field = field + "." + fault.field;
    }
    reader.AddFault(std::move(fault));
  }
  return false;
}

}  // namespace genledger
