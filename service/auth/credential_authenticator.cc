#include "service/auth/credential_authenticator.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "service/base/errors.h"
#include "service/base/status_macros.h"

namespace genledger {
namespace {

constexpr size_t kTokenBytesMax = 8192;
constexpr size_t kKnownJwtsMax = 4096;
constexpr std::string_view kScheme = "Bearer ";

// The token of an authorization header; empty if it has another scheme, or is too long.
std::string_view TokenOf(std::string_view authorization) {
  if (!absl::StartsWithIgnoreCase({authorization.data(), authorization.size()},
                                  {kScheme.data(), kScheme.size()})) {
    return {};
  }
  std::string_view token = authorization.substr(kScheme.size());
  token.remove_prefix(std::min(token.find_first_not_of(' '), token.size()));
  return token.size() <= kTokenBytesMax ? token : std::string_view();
}

}  // namespace

size_t CredentialAuthenticator::DigestHash::operator()(const Sha256Digest& digest) const {
  size_t hash = 0;
  std::memcpy(&hash, digest.data(), sizeof(hash));
  return hash;
}

void CredentialAuthenticator::SetTokens(TokenTable tokens) {
  absl::MutexLock lock(&mu_);
  std::swap(tokens_, tokens);
}

void CredentialAuthenticator::SetIdentities(IdentityTable identities) {
  absl::MutexLock lock(&mu_);
  std::swap(identities_, identities);
  known_jwts_.clear();
  ++generation_;
}

void CredentialAuthenticator::SetJwtVerifier(std::shared_ptr<const JwtVerifier> verifier) {
  absl::MutexLock lock(&mu_);
  std::swap(jwt_verifier_, verifier);
  known_jwts_.clear();
  ++generation_;
}

absl::StatusOr<Principal> CredentialAuthenticator::Authenticate(const CallCredential& credential) {
  const absl::Time now = clock_->Now();
  if (credential.authorization.empty()) {
    const std::vector<std::string> names = credential.certificate_names();
    if (names.empty()) {
      return errors::CredentialMissing();
    }
    absl::ReaderMutexLock lock(&mu_);
    GL_ASSIGN_OR_RETURN(Identity identity, identities_.Find(names, now));
    return std::move(identity.principal);
  }
  const std::string_view token = TokenOf(credential.authorization);
  if (std::count(token.begin(), token.end(), '.') == 2) {
    return AuthenticateJwt(token, now);
  }
  absl::ReaderMutexLock lock(&mu_);
  return tokens_.Verify(token, now);
}

absl::StatusOr<Principal> CredentialAuthenticator::AuthenticateJwt(std::string_view token,
                                                                   absl::Time now) {
  const Sha256Digest digest = Sha256({token});
  std::shared_ptr<const JwtVerifier> verifier;
  uint64_t generation = 0;
  {
    absl::ReaderMutexLock lock(&mu_);
    const auto known = known_jwts_.find(digest);
    if (known != known_jwts_.end() && known->second.expire_time > now) {
      return known->second.principal;
    }
    verifier = jwt_verifier_;
    generation = generation_;
  }
  if (verifier == nullptr) {
    return errors::CredentialInvalid();
  }
  GL_ASSIGN_OR_RETURN(const VerifiedJwt jwt, verifier->Verify(token, now));
  Identity identity;
  {
    absl::ReaderMutexLock lock(&mu_);
    GL_ASSIGN_OR_RETURN(identity, identities_.Find({absl::StrCat("subject:", jwt.subject)}, now));
  }
  identity.expire_time = std::min(identity.expire_time, jwt.expire_time);
  Principal principal = identity.principal;
  Remember(digest, std::move(identity), generation, now);
  return principal;
}

void CredentialAuthenticator::Remember(const Sha256Digest& digest, Identity identity,
                                       uint64_t generation, absl::Time now) {
  absl::MutexLock lock(&mu_);
  if (generation != generation_) {
    return;  // judged by what is no longer in force
  }
  if (known_jwts_.size() >= kKnownJwtsMax) {
    absl::erase_if(known_jwts_, [now](const auto& one) { return one.second.expire_time <= now; });
  }
  if (known_jwts_.size() >= kKnownJwtsMax) {
    known_jwts_.clear();  // a rare flood; those that are in use come back one by one
  }
  known_jwts_.emplace(digest, std::move(identity));
}

}  // namespace genledger
