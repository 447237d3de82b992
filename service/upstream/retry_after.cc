#include "service/upstream/retry_after.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"

namespace genledger {
namespace {

// RFC 9110: IMF-fixdate, and the obsolete forms of RFC 850 and asctime.
constexpr const char* kHttpDateFormats[] = {"%a, %d %b %Y %H:%M:%S GMT",
                                            "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"};
constexpr size_t kHttpDateBytesMax = 64;

bool IsDigits(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isdigit(static_cast<unsigned char>(c));
  });
}

}  // namespace

std::optional<absl::Duration> ParseRetryAfter(std::string_view value, absl::Time now) {
  const absl::string_view text =
      absl::StripAsciiWhitespace(absl::string_view(value.data(), value.size()));
  if (IsDigits(text)) {
    int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error == std::errc::result_out_of_range) {
      return kRetryAfterMax;
    }
    return std::min(absl::Seconds(seconds), kRetryAfterMax);
  }
  if (text.empty() || text.size() > kHttpDateBytesMax) {
    return std::nullopt;
  }
  for (const char* format : kHttpDateFormats) {
    absl::Time when;
    std::string error;
    if (absl::ParseTime(format, text, absl::UTCTimeZone(), &when, &error)) {
      if (when <= now) {
        return std::nullopt;
      }
      return std::min(when - now, kRetryAfterMax);
    }
  }
  return std::nullopt;
}

}  // namespace genledger
