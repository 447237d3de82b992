// JSON as callers send it, read strictly (RFC 8259, and nothing that it leaves open).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace genledger {

// A caller's JSON beyond these is refused.
inline constexpr int kJsonDepthMax = 32;
inline constexpr size_t kJsonValuesMax = 10'000;

struct JsonMember;

struct JsonValue {
  enum class Kind { kNull, kBoolean, kNumber, kString, kArray, kObject };

  Kind kind = Kind::kNull;
  bool boolean = false;
  std::string text;  // a string; or a number as it was written, if its kind needs it
  std::vector<JsonValue> items;
  std::vector<JsonMember> members;  // of an object, in their order; a name may come twice
};

struct JsonMember {
  std::string name;
  JsonValue value;
};

// UTF-8 without a byte order mark, one value, nothing after it. INVALID_ARGUMENT FIELD_INVALID with
// one violation, of no field, if it is not that or exceeds a limit. Pure.
absl::StatusOr<JsonValue> ParseJson(std::string_view text);

}  // namespace genledger
