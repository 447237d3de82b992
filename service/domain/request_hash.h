// The SHA-256 under which equal requests meet.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>

namespace genledger {

struct RequestHash {
  std::array<uint8_t, 32> bytes{};

  std::string ToHex() const;

  friend bool operator==(const RequestHash&, const RequestHash&) = default;
  friend auto operator<=>(const RequestHash&, const RequestHash&) = default;

  template <typename H>
  friend H AbslHashValue(H h, const RequestHash& hash) {
    return H::combine(std::move(h), hash.bytes);
  }
};

}  // namespace genledger
