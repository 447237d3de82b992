// --upstream_url: the base that the path of the API is appended to.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace genledger {

inline constexpr std::string_view kGenerationsPath = "/v1/videos/generations";

struct UpstreamUrl {
  // As given, without trailing slashes; scheme and host in lower case: what attempts record.
  std::string base;
  // base + kGenerationsPath.
  std::string post;
  // host, or host:port unless the port is the scheme's own: names the default upstream account.
  std::string host;
};

// INVALID_ARGUMENT, with one sentence that says what is wrong, unless `url` is http or https with a
// host, at most a port and a path, and neither user information, query nor fragment.
absl::StatusOr<UpstreamUrl> ParseUpstreamUrl(std::string_view url);

}  // namespace genledger
