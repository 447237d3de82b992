// The text of a list filter: a subset of AIP-160.
//
//   filter      = [expression]
//   expression  = sequence {"AND" sequence}
//   sequence    = factor {factor}                   side by side: AND
//   factor      = term {"OR" term}                  OR binds tighter than AND
//   term        = ["NOT" | "-"] (comparison | "(" expression ")")
//   comparison  = FIELD OPERATOR VALUE | FIELD ":" "*" | "labels" ":" KEY
//
// Fields, operators and values: list_filter_fields.h. `:` is `=` where the value is not `*`.
// A value is a word or a string between " or ' with the escapes \" \' \\. Labels are written
// labels.KEY, or labels."KEY" where the key has other characters than a word. There are no
// wildcards (a bare word may not contain *), functions, or terms without a field. Keywords are in
// capitals.
#pragma once

#include <cstddef>
#include <string_view>

#include "absl/status/statusor.h"
#include "service/domain/list_filter.h"

namespace genledger {

inline constexpr size_t kFilterBytesMax = 2048;
inline constexpr int kFilterDepthMax = 32;  // of parentheses
inline constexpr int kFilterTermsMax = 64;

// INVALID_ARGUMENT FIELD_INVALID with one violation of "filter": the first fault and its position,
// counted in bytes from 1. Never repeats what the caller wrote. An empty text matches everything.
// Pure, thread safe.
absl::StatusOr<ListFilter> ParseListFilter(std::string_view text);

}  // namespace genledger
