#include "clients/cpp/request_id.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/random/random.h"

namespace genledger::client {

std::string NewRequestId() {
  constexpr std::string_view kHex = "0123456789abcdef";
  absl::BitGen random;
  std::array<uint8_t, 16> bytes{};
  for (uint8_t& byte : bytes) {
    byte = absl::Uniform<uint8_t>(random);
  }
  // RFC 4122: version 4, variant 1.
  bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3f) | 0x80);
  std::string text;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) {
      text += '-';
    }
    text += kHex[bytes[i] >> 4];
    text += kHex[bytes[i] & 15];
  }
  return text;
}

}  // namespace genledger::client
