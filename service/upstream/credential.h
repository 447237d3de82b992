// The keys that the upstream knows us by.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "service/base/secret.h"

namespace genledger {

inline constexpr size_t kApiKeyBytesMax = 4096;

struct UpstreamCredential {
  // Sent as "Authorization: Bearer <api_key>". Empty: no such header.
  Secret api_key;
  // CredentialFingerprint(api_key): what attempts record and logs show in its place.
  std::string fingerprint;
};

// In the order in which they are to be tried. Never null; shared because it changes as a whole when
// the key file does.
using UpstreamCredentials = std::shared_ptr<const std::vector<UpstreamCredential>>;

// The first 12 hexadecimal digits of SHA-256 of the key: tells keys apart, gives none away.
std::string CredentialFingerprint(const Secret& api_key);

// INVALID_ARGUMENT if a key is longer than kApiKeyBytesMax or holds anything but visible ASCII
// (which could not be a header value); the message names its position, never the key.
absl::StatusOr<UpstreamCredentials> MakeUpstreamCredentials(const std::vector<Secret>& api_keys);

}  // namespace genledger
