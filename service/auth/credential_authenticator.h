// Callers by what they prove: bearer tokens, JWTs, client certificates.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "service/auth/authenticator.h"
#include "service/auth/identity_table.h"
#include "service/auth/jwt_verifier.h"
#include "service/auth/token_table.h"
#include "service/base/clock.h"
#include "service/base/sha256.h"

namespace genledger {

// A bearer token with one dot is looked up in the token table, one with two is a JWT; without an
// authorization header the client's certificate says who calls. Thread safe, the setters included:
// calls share a lock that only a setter, or a JWT that was not met before, takes for itself.
class CredentialAuthenticator final : public Authenticator {
 public:
  // `clock`: the wall clock, which says what has expired.
  explicit CredentialAuthenticator(Clock* clock) : clock_(clock) {}

  // In force for every call that comes from now on.
  void SetTokens(TokenTable tokens);
  void SetIdentities(IdentityTable identities);
  void SetJwtVerifier(std::shared_ptr<const JwtVerifier> verifier);

  absl::StatusOr<Principal> Authenticate(const CallCredential& credential) override;

 private:
  struct DigestHash {
    // The digest of what an attacker chooses is still as good as random.
    size_t operator()(const Sha256Digest& digest) const;
  };

  absl::StatusOr<Principal> AuthenticateJwt(std::string_view token, absl::Time now);
  void Remember(const Sha256Digest& digest, Identity identity, uint64_t generation, absl::Time now);

  Clock* const clock_;
  absl::Mutex mu_;
  TokenTable tokens_ ABSL_GUARDED_BY(mu_);
  IdentityTable identities_ ABSL_GUARDED_BY(mu_);
  std::shared_ptr<const JwtVerifier> jwt_verifier_ ABSL_GUARDED_BY(mu_);  // null: no JWTs
  // Verifying a signature costs tens of microseconds, a digest less than one: whose a good JWT is
  // stays known until it expires or anything is reloaded.
  absl::flat_hash_map<Sha256Digest, Identity, DigestHash> known_jwts_ ABSL_GUARDED_BY(mu_);
  uint64_t generation_ ABSL_GUARDED_BY(mu_) = 0;  // of what JWTs are judged by
};

}  // namespace genledger
