#include "clients/cpp/genledgerctl/arguments.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <numeric>
#include <utility>

#include "absl/status/status.h"
#include "clients/cpp/genledgerctl/text.h"

namespace genledger::ctl {
namespace {

// A name further from every known flag than this gets no suggestion.
constexpr size_t kSuggestionDistanceMax = 3;

// Levenshtein's.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

absl::Status UnknownFlag(std::string_view name, std::span<const FlagSpec> flags) {
  std::string message = "unknown flag --" + Printable(name);
  const FlagSpec* nearest = nullptr;
  size_t nearest_distance = kSuggestionDistanceMax + 1;
  for (const FlagSpec& flag : flags) {
    const size_t distance = EditDistance(name, flag.name);
    if (distance < nearest_distance && distance < flag.name.size()) {
      nearest = &flag;
      nearest_distance = distance;
    }
  }
  if (nearest != nullptr) {
    message += " (did you mean --" + std::string(nearest->name) + "?)";
  }
  return UsageError(message);
}

struct Word {
  std::string name;
  std::optional<std::string> value;
};

// "--flag=value" or "--flag".
Word SplitFlag(std::string_view word) {
  word.remove_prefix(2);
  const size_t equals = word.find('=');
  Word split{.name = std::string(word.substr(0, equals))};
  std::replace(split.name.begin(), split.name.end(), '-', '_');
  if (equals != word.npos) {
    split.value = std::string(word.substr(equals + 1));
  }
  return split;
}

bool IsFlag(std::string_view word) { return word.size() > 2 && word.substr(0, 2) == "--"; }

absl::StatusOr<std::string> SwitchValue(const Word& word) {
  const std::string value = word.value.value_or("true");
  if (value != "true" && value != "false") {
    return UsageError("--" + word.name + " is true or false");
  }
  return value;
}

}  // namespace

absl::Status UsageError(const std::string& message) { return absl::InvalidArgumentError(message); }

absl::StatusOr<Arguments> Arguments::Parse(std::span<const std::string> words,
                                           std::span<const FlagSpec> flags) {
  Arguments parsed;
  bool flags_ended = false;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& text = words[i];
    if (!IsUtf8(text)) {
      return UsageError("the argument " + Shorten(Printable(text), 60) + " is not valid UTF-8");
    }
    if (!flags_ended && text == "--") {
      flags_ended = true;
      continue;
    }
    if (flags_ended || text.empty() || text.front() != '-' || text == "-") {
      parsed.operands_.push_back(text);
      continue;
    }
    if (text != "-h" && !IsFlag(text)) {
      return UsageError("unknown flag " + Printable(text) + " (flags begin with two dashes)");
    }
    Word word = text == "-h" ? Word{.name = "help"} : SplitFlag(text);
    const auto flag = std::find_if(flags.begin(), flags.end(),
                                   [&](const FlagSpec& spec) { return spec.name == word.name; });
    if (flag == flags.end()) {
      return UnknownFlag(word.name, flags);
    }
    if (flag->kind == FlagSpec::Kind::kSwitch) {
      absl::StatusOr<std::string> value = SwitchValue(word);
      if (!value.ok()) {
        return value.status();
      }
      word.value = *std::move(value);
    } else if (!word.value.has_value()) {
      if (i + 1 == words.size() || IsFlag(words[i + 1])) {
        return UsageError("--" + word.name + " needs a value: --" + word.name + "=" +
                          std::string(flag->value));
      }
      word.value = words[++i];
      if (!IsUtf8(*word.value)) {
        return UsageError("the value of --" + word.name + " is not valid UTF-8");
      }
    }
    std::vector<std::string>& values = parsed.values_[word.name];
    if (!values.empty() && flag->kind != FlagSpec::Kind::kRepeated) {
      return UsageError("--" + word.name + " is given twice");
    }
    values.push_back(*std::move(word.value));
  }
  return parsed;
}

std::optional<std::string> Arguments::Text(std::string_view flag) const {
  const auto found = values_.find(flag);
  return found == values_.end() ? std::nullopt : std::optional(found->second.front());
}

std::vector<std::string> Arguments::Texts(std::string_view flag) const {
  const auto found = values_.find(flag);
  return found == values_.end() ? std::vector<std::string>() : found->second;
}

std::optional<bool> Arguments::Switch(std::string_view flag) const {
  const std::optional<std::string> text = Text(flag);
  return text.has_value() ? std::optional(*text == "true") : std::nullopt;
}

absl::StatusOr<std::optional<int64_t>> Arguments::Integer(std::string_view flag) const {
  const std::optional<std::string> text = Text(flag);
  if (!text.has_value()) {
    return std::nullopt;
  }
  int64_t number = 0;
  const char* const last = text->data() + text->size();
  const auto [end, failure] = std::from_chars(text->data(), last, number);
  if (failure != std::errc() || end != last) {
    return UsageError("--" + std::string(flag) + " is a whole number");
  }
  return number;
}

absl::StatusOr<std::optional<int32_t>> Arguments::Integer32(std::string_view flag) const {
  const absl::StatusOr<std::optional<int64_t>> number = Integer(flag);
  if (!number.ok() || !number->has_value()) {
    return number.ok() ? absl::StatusOr<std::optional<int32_t>>(std::nullopt) : number.status();
  }
  if (**number < std::numeric_limits<int32_t>::min() ||
      **number > std::numeric_limits<int32_t>::max()) {
    return UsageError("--" + std::string(flag) + " is out of range");
  }
  return static_cast<int32_t>(**number);
}

absl::StatusOr<std::optional<absl::Duration>> Arguments::Duration(std::string_view flag) const {
  const std::optional<std::string> text = Text(flag);
  if (!text.has_value()) {
    return std::nullopt;
  }
  absl::Duration duration;
  if (!absl::ParseDuration(*text, &duration) || duration < absl::ZeroDuration() ||
      duration == absl::InfiniteDuration()) {
    return UsageError("--" + std::string(flag) + " is a duration such as 20s, 1m30s, 24h or 0");
  }
  return duration;
}

}  // namespace genledger::ctl
