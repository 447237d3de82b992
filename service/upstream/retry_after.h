// What a Retry-After header asks for.
#pragma once

#include <optional>
#include <string_view>

#include "absl/time/time.h"

namespace genledger {

// Nobody gets to make us wait longer than this.
inline constexpr absl::Duration kRetryAfterMax = absl::Hours(1);

// The wait from `now` on: seconds ("120") or one of the three forms of HTTP-date, capped at
// kRetryAfterMax. Nullopt for an absent, negative, past or unreadable value.
std::optional<absl::Duration> ParseRetryAfter(std::string_view value, absl::Time now);

}  // namespace genledger
