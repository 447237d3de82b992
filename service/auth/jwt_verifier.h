// JSON Web Tokens, such as those of Kubernetes service accounts, verified with the keys of a JWKS
// file (RFC 7515, 7517, 7519).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace genledger {

struct JwtRules {
  std::string issuer;    // `iss` must be this
  std::string audience;  // `aud` must be or hold this
};

struct VerifiedJwt {
  std::string subject;  // `sub`
  absl::Time expire_time;
};

// Thread safe.
class JwtVerifier {
 public:
  // `jwks`: {"keys":[…]}. Keys of other kinds, or for another use, are passed over.
  // INVALID_ARGUMENT, one line, if it is not that, holds no usable key, or one without a `kid` of
  // its own.
  static absl::StatusOr<std::shared_ptr<const JwtVerifier>> Create(JwtRules rules,
                                                                   std::string_view jwks);

  virtual ~JwtVerifier() = default;

  // UNAUTHENTICATED unless the token is signed by the key that its `kid` names, with the one
  // algorithm of that key's kind (RSA of 2,048 bits or more: RS256; P-256: ES256), whatever the
  // token itself says: `none` and HMAC are never taken; `iss`, `aud`, `exp` (needed) and `nbf` must
  // fit. Clocks may be 30 s apart.
  virtual absl::StatusOr<VerifiedJwt> Verify(std::string_view token, absl::Time now) const = 0;
};

}  // namespace genledger
