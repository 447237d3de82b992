#include "service/http/accept_language.h"

#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace genledger {
namespace {

std::optional<Language> LanguageOfTag(absl::string_view tag) {
  const absl::string_view primary = tag.substr(0, tag.find('-'));
  if (absl::EqualsIgnoreCase(primary, "zh")) {
    return Language::kChinese;
  }
  if (absl::EqualsIgnoreCase(primary, "en") || primary == "*") {
    return Language::kEnglish;
  }
  return std::nullopt;
}

// The q-value among the parameters of a tag, 1 by default; 0 if it is not one.
double QualityOf(absl::string_view parameters) {
  for (absl::string_view parameter : absl::StrSplit(parameters, ';', absl::SkipWhitespace())) {
    parameter = absl::StripAsciiWhitespace(parameter);
    if (absl::StartsWithIgnoreCase(parameter, "q=")) {
      double quality = 0;
      const bool read = absl::SimpleAtod(parameter.substr(2), &quality);
      return read && quality >= 0 && quality <= 1 ? quality : 0;
    }
  }
  return 1;
}

}  // namespace

Language LanguageOf(std::string_view accept_language) {
  Language best = Language::kEnglish;
  double best_quality = 0;
  const absl::string_view header(accept_language.data(), accept_language.size());
  for (const absl::string_view range : absl::StrSplit(header, ',')) {
    const size_t semicolon = range.find(';');
    const absl::string_view tag = absl::StripAsciiWhitespace(range.substr(0, semicolon));
    const std::optional<Language> language = LanguageOfTag(tag);
    const double quality =
        semicolon == absl::string_view::npos ? 1 : QualityOf(range.substr(semicolon + 1));
    if (language.has_value() && quality > best_quality) {
      best = *language;
      best_quality = quality;
    }
  }
  return best;
}

}  // namespace genledger
