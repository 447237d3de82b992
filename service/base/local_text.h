// A text in every language that callers are answered in.
#pragma once

#include <string>

namespace genledger {

enum class Language { kEnglish, kChinese };

// A text in every language. What was never translated is in English everywhere.
struct LocalText {
  std::string english;
  std::string chinese;

  const std::string& In(Language language) const {
    return language == Language::kChinese && !chinese.empty() ? chinese : english;
  }

  friend bool operator==(const LocalText&, const LocalText&) = default;
};

}  // namespace genledger
