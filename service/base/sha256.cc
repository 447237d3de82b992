#include "service/base/sha256.h"

#include <openssl/evp.h>

#include <memory>

#include "service/base/check.h"

namespace genledger {
namespace {

struct ContextDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// Looking the algorithm up takes locks and costs more than the hashing: once per process, never
// freed.
const EVP_MD* Algorithm() {
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

Sha256Digest Sha256(std::initializer_list<std::string_view> parts) {
  EVP_MD_CTX* const context = ThreadContext();
  bool hashed = EVP_DigestInit_ex2(context, Algorithm(), nullptr) == 1;
  for (const std::string_view part : parts) {
    hashed = hashed && EVP_DigestUpdate(context, part.data(), part.size()) == 1;
  }
  Sha256Digest digest{};
  hashed = hashed && EVP_DigestFinal_ex(context, digest.data(), nullptr) == 1;
  GL_CHECK(hashed, "SHA-256 failed");
  return digest;
}

}  // namespace genledger
