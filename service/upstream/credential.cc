#include "service/upstream/credential.h"

#include <openssl/sha.h>

#include <array>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "service/upstream/header_value.h"

namespace genledger {
namespace {

constexpr size_t kFingerprintBytes = 6;  // 12 hexadecimal digits

}  // namespace

std::string CredentialFingerprint(const Secret& api_key) {
  const std::string& key = api_key.Reveal();
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest.data());
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), kFingerprintBytes));
}

absl::StatusOr<UpstreamCredentials> MakeUpstreamCredentials(const std::vector<Secret>& api_keys) {
  std::vector<UpstreamCredential> credentials;
  credentials.reserve(api_keys.size());
  for (const Secret& key : api_keys) {
    if (key.Reveal().size() > kApiKeyBytesMax || !IsVisibleAscii(key.Reveal())) {
      return absl::InvalidArgumentError(absl::StrCat("upstream API key ", credentials.size() + 1,
                                                     " is not at most ", kApiKeyBytesMax,
                                                     " characters of visible ASCII"));
    }
    credentials.push_back({.api_key = key, .fingerprint = CredentialFingerprint(key)});
  }
  return std::make_shared<const std::vector<UpstreamCredential>>(std::move(credentials));
}

}  // namespace genledger
