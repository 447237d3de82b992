// The literal answers of the upstream's page.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace genledger {

inline constexpr std::string_view kSubmitPath = "/v1/videos/generations";
inline constexpr std::string_view kTaskPathPrefix = "/v1/tasks/";

// {"code":200,"data":[{"status":"submitted","task_id":"…"}, …]}
std::string SuccessBody(const std::vector<std::string>& task_ids, int code = 200);

// What stands in {"error":{…}} for an HTTP status: the page's words where it has them.
struct PageError {
  std::string code;  // JSON text
  std::string message;
  std::string type;
};
PageError PageErrorFor(int status);

// {"error":{"code":…,"message":"…","type":"…"}}
std::string ErrorBody(const PageError& error);

// `text` as a JSON string, quotes included; bytes that are not UTF-8 become U+FFFD.
std::string JsonString(std::string_view text);

// "OK" for 200, and so on; "Unknown" for a number without a name.
std::string_view ReasonPhrase(int status);

}  // namespace genledger
