#include "service/domain/request_hash.h"

#include <openssl/evp.h>

#include <cstddef>
#include <memory>

#include "absl/status/status.h"
#include "service/base/check.h"

namespace genledger {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

struct ContextDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// Looking the algorithm up costs more than hashing a request: once per process, never freed.
const EVP_MD* Sha256() {
  static const EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  GL_CHECK(sha256 != nullptr, "OpenSSL without SHA-256");
  return sha256;
}

EVP_MD_CTX* ThreadContext() {
  thread_local const std::unique_ptr<EVP_MD_CTX, ContextDeleter> context(EVP_MD_CTX_new());
  GL_CHECK(context != nullptr, "out of memory");
  return context.get();
}

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

RequestHash HashRequest(std::string_view encoding) {
  RequestHash hash;
  EVP_MD_CTX* const context = ThreadContext();
  const bool hashed = EVP_DigestInit_ex2(context, Sha256(), nullptr) == 1 &&
                      EVP_DigestUpdate(context, encoding.data(), encoding.size()) == 1 &&
                      EVP_DigestFinal_ex(context, hash.bytes.data(), nullptr) == 1;
  GL_CHECK(hashed, "SHA-256 failed");
  return hash;
}

absl::StatusOr<RequestHash> HashRequest(std::string_view encoding, int hash_version) {
  if (hash_version != kCurrentHashVersion) {
    return absl::FailedPreconditionError("this binary does not know the request's hash version");
  }
  return HashRequest(encoding);
}

}  // namespace genledger
