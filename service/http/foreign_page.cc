#include "service/http/foreign_page.h"

#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace genledger {
namespace {

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

// An address, localhost or a name under it, with a port or without. No name of DNS ends in digits.
bool IsLocal(absl::string_view host) {
  if (absl::StartsWith(host, "[")) {
    return true;
  }
  const absl::string_view name = host.substr(0, host.find(':'));
  return absl::EqualsIgnoreCase(name, "localhost") ||
         absl::EndsWithIgnoreCase(name, ".localhost") ||
         name.find_first_not_of("0123456789.") == absl::string_view::npos;
}

// "http://host:port" is about Host "host:port"; "null" is about none.
bool IsOf(absl::string_view origin, absl::string_view host) {
  const size_t end_of_scheme = origin.find("://");
  return end_of_scheme != absl::string_view::npos &&
         absl::EqualsIgnoreCase(origin.substr(end_of_scheme + 3), host);
}

}  // namespace

std::optional<TextId> ForeignPageFault(const HttpRequest& request, HostNames host_names) {
  const absl::string_view host = View(request.Header("Host"));
  if (host_names == HostNames::kLocal && !IsLocal(host)) {
    return TextId::kHttpForeignHost;
  }
  // A browser says so of its own accord, also where it sends no Origin (GET).
  if (absl::EqualsIgnoreCase(View(request.Header("Sec-Fetch-Site")), "cross-site")) {
    return TextId::kHttpForeignOrigin;
  }
  if (request.HeaderCount("Origin") > 0 && !IsOf(View(request.Header("Origin")), host)) {
    return TextId::kHttpForeignOrigin;
  }
  return std::nullopt;
}

}  // namespace genledger
