#include "service/http/path_template.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "service/http/url.h"

namespace genledger {
namespace {

absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }

bool IsName(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(c) || c == '_' || c == '-';
  });
}

std::vector<std::string> SegmentsOf(std::string_view path) {
  return absl::StrSplit(ToAbsl(path.substr(1)), '/');
}

}  // namespace

absl::StatusOr<PathTemplate> PathTemplate::Parse(std::string_view text) {
  const absl::Status bad =
      absl::InvalidArgumentError(absl::StrCat("not a path template: ", ToAbsl(text)));
  if (text.empty() || text.front() != '/') {
    return bad;
  }
  PathTemplate parsed;
  parsed.text_ = std::string(text);
  const size_t colon = text.rfind(':');
  if (colon != std::string_view::npos) {
    parsed.verb_ = std::string(text.substr(colon + 1));
    text = text.substr(0, colon);
    if (!IsName(parsed.verb_)) {
      return bad;
    }
  }
  for (const std::string& segment : SegmentsOf(text)) {
    const bool is_variable = segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
    Segment added{.is_variable = is_variable,
                  .text = is_variable ? segment.substr(1, segment.size() - 2) : segment};
    if (!IsName(added.text)) {
      // A dot is all right in literals such as openapi.json; nested fields are not used in paths.
      std::string without_dots = added.text;
      without_dots.erase(std::remove(without_dots.begin(), without_dots.end(), '.'),
                         without_dots.end());
      if (is_variable || !IsName(without_dots)) {
        return bad;
      }
    }
    parsed.segments_.push_back(std::move(added));
  }
  return parsed;
}

std::optional<PathTemplate::Variables> PathTemplate::Match(std::string_view path) const {
  if (path.empty() || path.front() != '/') {
    return std::nullopt;
  }
  if (has_verb()) {
    const size_t verb_at = path.size() - std::min(path.size(), verb_.size() + 1);
    if (path[verb_at] != ':' || path.substr(verb_at + 1) != verb_) {
      return std::nullopt;
    }
    path = path.substr(0, verb_at);
  }
  const std::vector<std::string> found =
      path.empty() ? std::vector<std::string>{} : SegmentsOf(path);
  if (found.size() != segments_.size()) {
    return std::nullopt;
  }
  Variables variables;
  for (size_t i = 0; i < found.size(); ++i) {
    const std::optional<std::string> decoded = PercentDecode(found[i], Plus::kIsPlus);
    if (!decoded.has_value() || decoded->empty()) {
      return std::nullopt;
    }
    if (segments_[i].is_variable) {
      variables.emplace_back(segments_[i].text, *decoded);
    } else if (*decoded != segments_[i].text) {
      return std::nullopt;
    }
  }
  return variables;
}

std::vector<std::string> PathTemplate::variables() const {
  std::vector<std::string> names;
  for (const Segment& segment : segments_) {
    if (segment.is_variable) {
      names.push_back(segment.text);
    }
  }
  return names;
}

}  // namespace genledger
