#include "tests/upstream_simulator/page.h"

#include <array>
#include <nlohmann/json.hpp>

namespace genledger {
namespace {

struct KnownStatus {
  int status;
  std::string_view phrase;
  std::string_view message;
  std::string_view type;
};

// The messages and types of 400, 401, 402, 403, 429, 500 and 502 are the page's; the others follow
// its style.
constexpr std::array kKnown = {
    KnownStatus{100, "Continue", "", ""},
    KnownStatus{103, "Early Hints", "", ""},
    KnownStatus{200, "OK", "", "server_error"},
    KnownStatus{201, "Created", "", "server_error"},
    KnownStatus{202, "Accepted", "", "server_error"},
    KnownStatus{204, "No Content", "", ""},
    KnownStatus{301, "Moved Permanently", "", ""},
    KnownStatus{302, "Found", "", ""},
    KnownStatus{303, "See Other", "", ""},
    KnownStatus{307, "Temporary Redirect", "", ""},
    KnownStatus{308, "Permanent Redirect", "", ""},
    KnownStatus{400, "Bad Request", "请求参数无效", "invalid_request_error"},
    KnownStatus{401, "Unauthorized", "身份验证失败，请检查您的API密钥", "authentication_error"},
    KnownStatus{402, "Payment Required", "账户余额不足，请充值后再试", "payment_required"},
    KnownStatus{403, "Forbidden", "访问被禁止，您没有权限访问此资源", "permission_error"},
    KnownStatus{404, "Not Found", "接口不存在", "invalid_request_error"},
    KnownStatus{405, "Method Not Allowed", "请求方法不被允许", "invalid_request_error"},
    KnownStatus{408, "Request Timeout", "请求超时", "server_error"},
    KnownStatus{409, "Conflict", "请求冲突", "conflict_error"},
    KnownStatus{410, "Gone", "接口已下线", "invalid_request_error"},
    KnownStatus{413, "Payload Too Large", "请求体过大", "invalid_request_error"},
    KnownStatus{415, "Unsupported Media Type", "不支持的内容类型", "invalid_request_error"},
    KnownStatus{422, "Unprocessable Entity", "请求参数无法处理", "invalid_request_error"},
    KnownStatus{429, "Too Many Requests", "请求过于频繁，请稍后再试", "rate_limit_error"},
    KnownStatus{431, "Request Header Fields Too Large", "请求头过大", "invalid_request_error"},
    KnownStatus{500, "Internal Server Error", "服务器内部错误，请稍后重试", "server_error"},
    KnownStatus{502, "Bad Gateway", "网关错误，服务器暂时不可用", "bad_gateway"},
    KnownStatus{503, "Service Unavailable", "服务暂时不可用，请稍后重试", "service_unavailable"},
    KnownStatus{504, "Gateway Timeout", "网关超时", "server_error"},
    KnownStatus{520, "Web Server Returned an Unknown Error", "", "server_error"},
    KnownStatus{524, "A Timeout Occurred", "", "server_error"},
};

const KnownStatus* Find(int status) {
  for (const KnownStatus& known : kKnown) {
    if (known.status == status) {
      return &known;
    }
  }
  return nullptr;
}

}  // namespace

std::string SuccessBody(const std::vector<std::string>& task_ids, int code) {
  std::string body = R"({"code":)";
  body += std::to_string(code);
  body += R"(,"data":[)";
  for (size_t i = 0; i < task_ids.size(); ++i) {
    body +=
        i == 0 ? R"({"status":"submitted","task_id":")" : R"(,{"status":"submitted","task_id":")";
    body += task_ids[i];
    body += R"("})";
  }
  body += "]}";
  return body;
}

PageError PageErrorFor(int status) {
  const KnownStatus* known = Find(status);
  PageError error{.code = std::to_string(status),
                  .message = "服务器内部错误，请稍后重试",
                  .type = "server_error"};
  if (known != nullptr && !known->message.empty()) {
    error.message = known->message;
    error.type = known->type;
  }
  return error;
}

std::string ErrorBody(const PageError& error) {
  std::string body = R"({"error":{"code":)";
  body += error.code;
  body += R"(,"message":)";
  body += JsonString(error.message);
  body += R"(,"type":)";
  body += JsonString(error.type);
  body += "}}";
  return body;
}

std::string JsonString(std::string_view text) {
  return nlohmann::json(std::string(text))
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string_view ReasonPhrase(int status) {
  const KnownStatus* known = Find(status);
  return known == nullptr ? "Unknown" : known->phrase;
}

}  // namespace genledger
