// The hash that recognises a repeat: SHA-256 over the canonical encoding (spec_encoding.h).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"

namespace genledger {

// The version that new submissions are hashed under; stored beside every hash.
inline constexpr int kCurrentHashVersion = 1;

// Scoped by tenant and upstream account wherever it is used as a key (validation-rules.md P4).
struct RequestHash {
  std::array<uint8_t, 32> bytes = {};

  // 64 lower-case hexadecimal digits.
  std::string ToHex() const;

  // The inverse of ToHex; nullopt for anything else, upper case included.
  static std::optional<RequestHash> FromHex(std::string_view hex);

  friend bool operator==(const RequestHash&, const RequestHash&) = default;
  friend std::strong_ordering operator<=>(const RequestHash& a, const RequestHash& b) {
    return a.bytes <=> b.bytes;
  }

  template <typename H>
  friend H AbslHashValue(H h, const RequestHash& hash) {
    return H::combine(std::move(h), hash.bytes);
  }
};

// The hash of what EncodeRequest wrote, under the current version. Thread safe; about the cost of
// the SHA-256 itself.
RequestHash HashRequest(std::string_view encoding);

// The same under a stored version. FAILED_PRECONDITION for a version that this binary does not
// know.
absl::StatusOr<RequestHash> HashRequest(std::string_view encoding, int hash_version);

}  // namespace genledger
