// The target of an HTTP request taken apart.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace genledger {

struct UrlTarget {
  std::string host;  // with its port, of the absolute form; empty otherwise
  std::string path;  // still percent-encoded; begins with /
  // Decoded, in their order; a parameter without = has an empty value.
  std::vector<std::pair<std::string, std::string>> query;
};

// The origin form (/path?query) or the absolute form (http://host/path?query). nullopt if it is
// neither, or the query is not percent-encoded UTF-8. Pure.
std::optional<UrlTarget> ParseUrlTarget(std::string_view target);

enum class Plus { kIsPlus, kIsSpace };

// nullopt if an escape is not % and two hexadecimal digits, or the result is not UTF-8.
std::optional<std::string> PercentDecode(std::string_view text, Plus plus);

}  // namespace genledger
