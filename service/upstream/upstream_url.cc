#include "service/upstream/upstream_url.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "service/base/status_macros.h"
#include "service/upstream/header_value.h"

namespace genledger {
namespace {

constexpr size_t kUrlBytesMax = 2048;

absl::Status Invalid(std::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("the upstream URL ", absl::string_view(why.data(), why.size())));
}

std::string Lower(std::string_view text) {
  return absl::AsciiStrToLower(absl::string_view(text.data(), text.size()));
}

bool IsHostByte(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.' || c == '_';
}

bool IsIpv6Byte(char c) {
  return absl::ascii_isxdigit(static_cast<unsigned char>(c)) || c == ':' || c == '.';
}

// The host's length within `authority`: up to the port's colon or the end; 0 if there is no host.
size_t HostLength(std::string_view authority) {
  if (authority.substr(0, 1) == "[") {
    const size_t close = authority.find(']');
    const bool good = close != std::string_view::npos && close > 1 &&
                      std::all_of(authority.begin() + 1,
                                  authority.begin() + static_cast<ptrdiff_t>(close), IsIpv6Byte);
    return good ? close + 1 : 0;
  }
  return static_cast<size_t>(std::find_if_not(authority.begin(), authority.end(), IsHostByte) -
                             authority.begin());
}

// 0 for the scheme's own port: none named, or its default.
absl::StatusOr<uint16_t> ParsePort(std::string_view text, uint16_t default_port) {
  if (text.empty()) {
    return 0;
  }
  text.remove_prefix(1);
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) {
    return Invalid("has a port that is not a number from 1 to 65535");
  }
  return port == default_port ? uint16_t{0} : port;
}

}  // namespace

absl::StatusOr<UpstreamUrl> ParseUpstreamUrl(std::string_view url) {
  if (url.empty() || url.size() > kUrlBytesMax || !IsVisibleAscii(url)) {
    return Invalid("must be 1 to 2048 characters of visible ASCII");
  }
  const size_t scheme_end = url.find("://");
  const std::string scheme =
      scheme_end == std::string_view::npos ? "" : Lower(url.substr(0, scheme_end));
  if (scheme != "http" && scheme != "https") {
    return Invalid("must start with http:// or https://");
  }
  const std::string_view rest = url.substr(scheme_end + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  std::string_view path = rest.substr(authority.size());
  if (authority.find('@') != std::string_view::npos) {
    return Invalid("must not contain a user name or password");
  }
  if (path.find_first_of("?#") != std::string_view::npos) {
    return Invalid("must not contain a query or a fragment");
  }
  const size_t host_length = HostLength(authority);
  const std::string_view port_part = authority.substr(host_length);
  if (host_length == 0 || (!port_part.empty() && port_part.front() != ':')) {
    return Invalid("has no valid host");
  }
  GL_ASSIGN_OR_RETURN(const uint16_t port, ParsePort(port_part, scheme == "https" ? 443 : 80));
  while (!path.empty() && path.back() == '/') {
    path.remove_suffix(1);
  }
  if (path.size() >= kGenerationsPath.size() &&
      path.substr(path.size() - kGenerationsPath.size()) == kGenerationsPath) {
    return Invalid("must be the base only: /v1/videos/generations is appended to it");
  }
  UpstreamUrl out;
  out.host = Lower(authority.substr(0, host_length));
  if (port != 0) {
    out.host += ':' + std::to_string(port);
  }
  out.base = scheme + "://" + out.host + std::string(path);
  out.post = out.base + std::string(kGenerationsPath);
  return out;
}

}  // namespace genledger
