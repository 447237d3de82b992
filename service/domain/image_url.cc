#include "service/domain/image_url.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "service/domain/public_host.h"
#include "service/domain/utf8.h"

namespace genledger {
namespace {

constexpr std::array<std::string_view, 4> kExtensions = {".jpg", ".jpeg", ".png", ".webp"};
constexpr uint32_t kPortMax = 65535;

absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }

// The parts of scheme://host[:port]rest, as they are spelled.
struct UrlParts {
  std::string_view scheme;
  std::string_view host;  // an IPv6 address with its brackets
  std::string_view port;  // empty: none, or an empty one
  std::string_view rest;  // path and query
};

struct UrlSplit {
  UrlParts parts;
  // nullopt: none, and the parts are set.
  std::optional<TextId> fault;
};

bool IsHttps(std::string_view scheme) { return scheme.size() == std::string_view("https").size(); }

// What RFC 3986 allows unescaped, and the four characters beyond it that browsers send as they are:
// true at their bytes.
constexpr std::array<bool, 256> MakeUrlCharacters() {
  constexpr std::string_view kRefused = "\"<>\\`{}";
  std::array<bool, 256> allowed{};
  for (char c = '!'; c <= '~'; ++c) {
    allowed[static_cast<uint8_t>(c)] = kRefused.find(c) == std::string_view::npos;
  }
  return allowed;
}
constexpr std::array<bool, 256> kUrlCharacters = MakeUrlCharacters();

bool IsUrlCharacter(char c) { return kUrlCharacters[static_cast<uint8_t>(c)]; }

std::optional<TextId> SchemeFault(std::string_view url) {
  if (absl::StartsWithIgnoreCase(ToAbsl(url), "data:")) {
    return TextId::kUrlData;
  }
  if (!absl::StartsWithIgnoreCase(ToAbsl(url), "http:") &&
      !absl::StartsWithIgnoreCase(ToAbsl(url), "https:")) {
    return TextId::kUrlScheme;
  }
  if (url.substr(url.find(':') + 1, 2) != "//") {
    return TextId::kUrlSlashes;
  }
  return std::nullopt;
}

std::optional<TextId> EscapeFault(std::string_view text) {
  for (size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
    if (at + 2 >= text.size() || !absl::ascii_isxdigit(text[at + 1]) ||
        !absl::ascii_isxdigit(text[at + 2])) {
      return TextId::kUrlEscape;
    }
  }
  return std::nullopt;
}

std::optional<TextId> PortFault(std::string_view port) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), value);
  if (!port.empty() && (error != std::errc() || end != port.data() + port.size() ||
                        port.front() == '0' || value > kPortMax)) {
    return TextId::kUrlPort;
  }
  return std::nullopt;
}

// Everything that can be said of the text before its authority is taken apart.
std::optional<TextId> TextFault(std::string_view url) {
  const std::string_view trimmed = TrimWhiteSpace(url);
  if (trimmed.empty()) {
    return TextId::kUrlEmpty;
  }
  if (trimmed.size() != url.size()) {
    return TextId::kUrlWhiteSpace;
  }
  return SchemeFault(url);
}

std::optional<TextId> AuthorityTextFault(std::string_view authority) {
  if (!std::all_of(authority.begin(), authority.end(), absl::ascii_isascii)) {
    return TextId::kUrlHostAscii;
  }
  if (authority.find('@') != std::string_view::npos) {
    return TextId::kUrlUser;
  }
  return std::nullopt;
}

std::optional<TextId> RestFault(std::string_view rest) {
  if (rest.find('#') != std::string_view::npos) {
    return TextId::kUrlFragment;
  }
  if (!std::all_of(rest.begin(), rest.end(), IsUrlCharacter)) {
    return TextId::kUrlCharacters;
  }
  return EscapeFault(rest);
}

// The authority's host and port; an unbalanced bracket ends up in the host, which refuses it.
UrlParts SplitAuthority(std::string_view authority) {
  size_t colon = authority.find(':');
  if (authority.substr(0, 1) == "[") {
    const size_t bracket = authority.find(']');
    colon = bracket != std::string_view::npos && authority.substr(bracket + 1, 1) == ":"
                ? bracket + 1
                : std::string_view::npos;
  }
  if (colon == std::string_view::npos) {
    return {.scheme = {}, .host = authority, .port = {}, .rest = {}};
  }
  return {.scheme = {},
          .host = authority.substr(0, colon),
          .port = authority.substr(colon + 1),
          .rest = {}};
}

UrlSplit SplitUrl(std::string_view url) {
  if (const std::optional<TextId> fault = TextFault(url); fault.has_value()) {
    return {.parts = {}, .fault = fault};
  }
  const size_t scheme_end = url.find(':');
  const size_t authority_begin = scheme_end + 3;
  const std::string_view behind_slashes = url.substr(authority_begin);
  const auto ends_authority = [](char c) { return c == '/' || c == '?' || c == '#'; };
  const std::string_view authority = behind_slashes.substr(
      0, static_cast<size_t>(
             std::find_if(behind_slashes.begin(), behind_slashes.end(), ends_authority) -
             behind_slashes.begin()));
  if (const std::optional<TextId> fault = AuthorityTextFault(authority); fault.has_value()) {
    return {.parts = {}, .fault = fault};
  }
  UrlSplit split = {.parts = SplitAuthority(authority), .fault = std::nullopt};
  split.parts.scheme = url.substr(0, scheme_end);
  split.parts.rest = behind_slashes.substr(authority.size());
  split.fault = HostSyntaxFault(split.parts.host);
  if (!split.fault.has_value()) {
    split.fault = PortFault(split.parts.port);
  }
  if (!split.fault.has_value()) {
    split.fault = RestFault(split.parts.rest);
  }
  return split;
}

bool IsUnreserved(char c) {
  return absl::ascii_isalnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

// Decodes escapes of unreserved characters only, once: %2E is a dot, %252E is not. Every % of
// `text` is followed by two digits.
std::string DecodeUnreserved(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      const std::string byte = absl::HexStringToBytes(ToAbsl(text.substr(i + 1, 2)));
      if (IsUnreserved(byte[0])) {
        out += byte[0];
        i += 2;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

std::optional<TextId> ExtensionFault(std::string_view rest, const ImageUrlRules& rules) {
  const std::string_view path = rest.substr(0, rest.find('?'));
  const std::string_view spelled = path.substr(path.rfind('/') + 1);
  const std::string decoded =
      spelled.find('%') == std::string_view::npos ? std::string() : DecodeUnreserved(spelled);
  const std::string_view segment = decoded.empty() ? spelled : std::string_view(decoded);
  for (const std::string_view extension : kExtensions) {
    if (absl::EndsWithIgnoreCase(ToAbsl(segment), ToAbsl(extension))) {
      return std::nullopt;
    }
  }
  if (rules.allow_no_extension && !segment.empty() && segment.find('.') == std::string_view::npos) {
    return std::nullopt;
  }
  return TextId::kUrlExtension;
}

}  // namespace

std::string CanonicalImageUrl(std::string_view url) {
  const auto [parts, fault] = SplitUrl(url);
  if (fault.has_value()) {
    return std::string(url);
  }
  std::string out;
  out.reserve(url.size());
  const auto append_lower = [&out](std::string_view text) {
    const auto from = static_cast<ptrdiff_t>(out.size());
    out += text;
    std::transform(out.begin() + from, out.end(), out.begin() + from, absl::ascii_tolower);
  };
  append_lower(parts.scheme);
  out += "://";
  append_lower(parts.host);
  if (!parts.port.empty() && parts.port != (IsHttps(parts.scheme) ? "443" : "80")) {
    out += ':';
    out += parts.port;
  }
  out += parts.rest;
  return out;
}

std::optional<LocalText> ImageUrlFault(std::string_view url, const ImageUrlRules& rules) {
  if (url.size() > rules.bytes_max) {
    return MakeText(TextId::kUrlTooLong, {Verbatim(std::to_string(rules.bytes_max))});
  }
  const UrlSplit split = SplitUrl(url);
  std::optional<TextId> fault = split.fault;
  if (!fault.has_value()) {
    fault = NotPublicFault(split.parts.host);
  }
  if (!fault.has_value()) {
    fault = ExtensionFault(split.parts.rest, rules);
  }
  return fault.has_value() ? std::optional(MakeText(*fault)) : std::nullopt;
}

}  // namespace genledger
