// Image URLs: their canonical form and their faults (validation-rules.md rows 72-95, C21-C26).
// Pure functions of the text: nothing is resolved or fetched. Thread safe.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "service/base/texts.h"

namespace genledger {

struct ImageUrlRules {
  size_t bytes_max = 2048;
  // Accept a last path segment without any dot (row 91); other extensions stay refused.
  bool allow_no_extension = false;
};

// Lower-cases scheme and host and strips the scheme's default port and an empty port; path and
// query keep their bytes (C23, C25). Total: a URL with a syntax fault comes back unchanged.
// Idempotent.
std::string CanonicalImageUrl(std::string_view url);

// The first fault, as a sentence that does not repeat the URL; nullopt if there is none. Judges the
// last path segment: its percent-escapes of unreserved characters are decoded, then it must end
// with .jpg, .jpeg, .png or .webp in any letter case (a segment of only ".png" will do).
std::optional<LocalText> ImageUrlFault(std::string_view url, const ImageUrlRules& rules);

}  // namespace genledger
