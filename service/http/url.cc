#include "service/http/url.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "service/domain/utf8.h"

namespace genledger {
namespace {

absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }

bool IsSchemeEnd(std::string_view target, std::string_view scheme) {
  return absl::StartsWithIgnoreCase(ToAbsl(target), ToAbsl(scheme));
}

}  // namespace

std::optional<std::string> PercentDecode(std::string_view text, Plus plus) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size() || !absl::ascii_isxdigit(text[i + 1]) ||
          !absl::ascii_isxdigit(text[i + 2])) {
        return std::nullopt;
      }
      decoded += absl::HexStringToBytes(ToAbsl(text.substr(i + 1, 2)));
      i += 2;
    } else {
      decoded += text[i] == '+' && plus == Plus::kIsSpace ? ' ' : text[i];
    }
  }
  return IsValidUtf8(decoded) ? std::optional(std::move(decoded)) : std::nullopt;
}

std::optional<UrlTarget> ParseUrlTarget(std::string_view target) {
  UrlTarget url;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (IsSchemeEnd(target, scheme)) {
      const size_t path = target.find_first_of("/?", scheme.size());
      url.host = target.substr(scheme.size(), path - scheme.size());
      target = path == std::string_view::npos ? "/" : target.substr(path);
    }
  }
  if (target.empty() || target.front() != '/') {
    return std::nullopt;
  }
  const size_t question = target.find('?');
  url.path = target.substr(0, question);
  if (question == std::string_view::npos) {
    return url;
  }
  for (const absl::string_view part :
       absl::StrSplit(ToAbsl(target.substr(question + 1)), '&', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> pair =
        absl::StrSplit(part, absl::MaxSplits('=', 1));
    std::optional<std::string> name =
        PercentDecode({pair.first.data(), pair.first.size()}, Plus::kIsSpace);
    std::optional<std::string> value =
        PercentDecode({pair.second.data(), pair.second.size()}, Plus::kIsSpace);
    if (!name.has_value() || !value.has_value()) {
      return std::nullopt;
    }
    url.query.emplace_back(*std::move(name), *std::move(value));
  }
  return url;
}

}  // namespace genledger
