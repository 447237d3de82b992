#include "service/http/prefer.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace genledger {
namespace {

// Where `text` ends or has one of `marks` outside quotes.
size_t FindUnquoted(absl::string_view text, absl::string_view marks) {
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && absl::StrContains(marks, text[i])) {
      return i;
    }
  }
  return text.size();
}

std::string Unquoted(absl::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') {
    return std::string(text);
  }
  std::string plain;
  for (size_t i = 1; i + 1 < text.size(); ++i) {
    i += text[i] == '\\' && i + 2 < text.size() ? 1 : 0;
    plain += text[i];
  }
  return plain;
}

}  // namespace

std::optional<std::string> PreferenceOf(const HttpRequest& request, std::string_view name) {
  for (const auto& [header, value] : request.headers) {
    if (!absl::EqualsIgnoreCase(header, "Prefer")) {
      continue;
    }
    for (absl::string_view rest = value; !rest.empty();) {
      const absl::string_view preference = rest.substr(0, FindUnquoted(rest, ","));
      rest.remove_prefix(std::min(rest.size(), preference.size() + 1));
      const absl::string_view pair = preference.substr(0, FindUnquoted(preference, ";"));
      const size_t equals = std::min(pair.find('='), pair.size());
      if (absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(pair.substr(0, equals)),
                                 absl::string_view(name.data(), name.size()))) {
        return Unquoted(absl::StripAsciiWhitespace(pair.substr(std::min(pair.size(), equals + 1))));
      }
    }
  }
  return std::nullopt;
}

}  // namespace genledger
