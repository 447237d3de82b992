#include "service/domain/request_hash.h"

#include <cstddef>

#include "absl/status/status.h"
#include "service/base/sha256.h"

namespace genledger {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

}  // namespace

std::string RequestHash::ToHex() const {
  std::string hex(2 * bytes.size(), '0');
  for (size_t i = 0; i < bytes.size(); ++i) {
    hex[2 * i] = kHexDigits[bytes[i] >> 4];
    hex[2 * i + 1] = kHexDigits[bytes[i] & 0x0F];
  }
  return hex;
}

std::optional<RequestHash> RequestHash::FromHex(std::string_view hex) {
  RequestHash hash;
  if (hex.size() != 2 * hash.bytes.size()) {
    return std::nullopt;
  }
  for (size_t i = 0; i < hash.bytes.size(); ++i) {
    const size_t high = kHexDigits.find(hex[2 * i]);
    const size_t low = kHexDigits.find(hex[2 * i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) {
      return std::nullopt;
    }
    hash.bytes[i] = static_cast<uint8_t>((high << 4) | low);
  }
  return hash;
}

RequestHash HashRequest(std::string_view encoding) { return {.bytes = Sha256({encoding})}; }

absl::StatusOr<RequestHash> HashRequest(std::string_view encoding, int hash_version) {
  if (hash_version != kCurrentHashVersion) {
    return absl::FailedPreconditionError("this binary does not know the request's hash version");
  }
  return HashRequest(encoding);
}

}  // namespace genledger
