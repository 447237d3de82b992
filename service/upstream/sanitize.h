// Makes text from outside fit to be stored, shown and logged.
#pragma once

#include <string>
#include <string_view>

namespace genledger {

inline constexpr size_t kUpstreamMessageBytesMax = 512;
inline constexpr size_t kUpstreamTokenBytesMax = 128;

// At most kUpstreamMessageBytesMax bytes of valid UTF-8: invalid bytes become U+FFFD; HTML tags,
// comments, scripts and styles go; control characters go and runs of white space become one space;
// "Bearer …" and "sk-…" are redacted, and so is `credential` wherever it stands (unless empty).
// Looks at the first 16 KiB only.
std::string SanitizeUpstreamMessage(std::string_view text, std::string_view credential = {});

// The same for a word such as a code or a request id, cut at kUpstreamTokenBytesMax.
std::string SanitizeUpstreamToken(std::string_view text, std::string_view credential = {});

// `text` with every byte that is not part of valid UTF-8 replaced by U+FFFD.
std::string ReplaceInvalidUtf8(std::string_view text);

}  // namespace genledger
