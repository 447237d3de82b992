// The path templates of google.api.http, as far as the API uses them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace genledger {

// "/v1/submissions/{id}:cancel": literal segments, variables that take one whole segment, and a
// verb at the end. Immutable; thread safe.
class PathTemplate {
 public:
  using Variables = std::vector<std::pair<std::string, std::string>>;

  // INVALID_ARGUMENT for what is no template, or has more than the above (*, **, {name=pattern}).
  static absl::StatusOr<PathTemplate> Parse(std::string_view text);

  // The variables by name, percent-decoded; nullopt if a path, still encoded, does not fit. A
  // variable takes no empty segment.
  std::optional<Variables> Match(std::string_view path) const;

  const std::string& text() const { return text_; }
  bool has_verb() const { return !verb_.empty(); }
  std::vector<std::string> variables() const;

 private:
  struct Segment {
    bool is_variable = false;
    std::string text;  // the literal, or the variable's name
  };

  std::string text_;
  std::vector<Segment> segments_;
  std::string verb_;
};

}  // namespace genledger
