#include "tests/upstream_simulator/sha256.h"

#include <openssl/evp.h>

#include <array>
#include <memory>

#include "service/base/check.h"

namespace genledger {
namespace {

// The algorithm is looked up once and the context reused: the look-up costs more than a short hash.
struct Hasher {
  Hasher()
      : algorithm(EVP_MD_fetch(nullptr, "SHA256", nullptr), EVP_MD_free),
        context(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    GL_CHECK(algorithm != nullptr && context != nullptr, "OpenSSL has no SHA-256");
  }

  std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> algorithm;
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context;
};

}  // namespace

std::string Sha256Hex(std::string_view bytes) {
  thread_local Hasher hasher;
  std::array<unsigned char, 32> digest{};
  GL_CHECK(EVP_DigestInit_ex2(hasher.context.get(), hasher.algorithm.get(), nullptr) == 1 &&
               EVP_DigestUpdate(hasher.context.get(), bytes.data(), bytes.size()) == 1 &&
               EVP_DigestFinal_ex(hasher.context.get(), digest.data(), nullptr) == 1,
           "SHA-256 failed");
  constexpr char kHex[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(digest.size() * 2);
  for (const unsigned char byte : digest) {
    hex += kHex[byte >> 4];
    hex += kHex[byte & 15];
  }
  return hex;
}

}  // namespace genledger
