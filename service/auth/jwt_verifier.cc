#include "service/auth/jwt_verifier.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include <cjose/cjose.h>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "service/base/errors.h"
#include "service/base/status_macros.h"

namespace genledger {
namespace {

using Json = nlohmann::json;

constexpr absl::Duration kClockSkewMax = absl::Seconds(30);
constexpr size_t kRsaBitsMin = 2048;
constexpr char kRs256[] = "RS256";
constexpr char kEs256[] = "ES256";

struct KeyReleaser {
  void operator()(cjose_jwk_t* key) const { cjose_jwk_release(key); }
};
using Key = std::unique_ptr<cjose_jwk_t, KeyReleaser>;

struct SignatureReleaser {
  void operator()(cjose_jws_t* signature) const { cjose_jws_release(signature); }
};
using Signature = std::unique_ptr<cjose_jws_t, SignatureReleaser>;

struct VerificationKey {
  Key key;
  std::string_view algorithm;
};

// The member's text; empty if there is none, or it is no text.
std::string TextOf(const Json& object, const char* name) {
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get<std::string>() : std::string();
}

// A time in seconds; nullopt if it is no number.
std::optional<absl::Time> TimeOf(const Json& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end() || !member->is_number()) {
    return std::nullopt;
  }
  return absl::UnixEpoch() + absl::Seconds(member->get<double>());
}

// A part of a compact token; nullopt if it is no JSON object in base64url.
std::optional<Json> ObjectOf(std::string_view part) {
  std::string text;
  if (!absl::WebSafeBase64Unescape({part.data(), part.size()}, &text)) {
    return std::nullopt;
  }
  Json object = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  return object.is_object() ? std::optional<Json>(std::move(object)) : std::nullopt;
}

// The one algorithm of a key's kind; empty: we take no signature of such a key.
std::string_view AlgorithmOf(const Json& description, const cjose_jwk_t* key) {
  const std::string kind = TextOf(description, "kty");
  std::string_view algorithm;
  if (kind == "RSA" && cjose_jwk_get_keysize(key, nullptr) >= kRsaBitsMin) {
    algorithm = kRs256;
  } else if (kind == "EC" && TextOf(description, "crv") == "P-256") {
    algorithm = kEs256;
  }
  const std::string use = TextOf(description, "use");
  const std::string stated = TextOf(description, "alg");
  const bool other_use = (!use.empty() && use != "sig") || (!stated.empty() && stated != algorithm);
  return other_use ? std::string_view() : algorithm;
}

bool IsFor(const Json& claims, const std::string& audience) {
  const auto member = claims.find("aud");
  if (member == claims.end()) {
    return false;
  }
  return member->is_array()
             ? std::find(member->begin(), member->end(), Json(audience)) != member->end()
             : *member == Json(audience);
}

class JwksVerifier final : public JwtVerifier {
 public:
  explicit JwksVerifier(JwtRules rules) : rules_(std::move(rules)) {}

  absl::Status AddKeys(std::string_view jwks);
  absl::StatusOr<VerifiedJwt> Verify(std::string_view token, absl::Time now) const override;

 private:
  // Whether the key that the header names made the signature.
  bool IsSigned(const Json& header, std::string_view token) const;
  absl::StatusOr<VerifiedJwt> CheckClaims(const Json& claims, absl::Time now) const;

  const JwtRules rules_;
  absl::flat_hash_map<std::string, VerificationKey> keys_;  // by their kid
};

absl::Status JwksVerifier::AddKeys(std::string_view jwks) {
  const Json set = Json::parse(jwks, nullptr, /*allow_exceptions=*/false);
  if (!set.is_object() || !set.contains("keys") || !set["keys"].is_array()) {
    return absl::InvalidArgumentError("it is no JWKS document: {\"keys\":[…]}");
  }
  for (const Json& description : set["keys"]) {
    if (!description.is_object()) {
      return absl::InvalidArgumentError("one of its keys is no JSON object");
    }
    const std::string text = description.dump();
    Key key(cjose_jwk_import(text.data(), text.size(), nullptr));
    if (key == nullptr) {
      continue;
    }
    const std::string_view algorithm = AlgorithmOf(description, key.get());
    if (algorithm.empty()) {
      continue;
    }
    const std::string kid = TextOf(description, "kid");
    if (kid.empty() || !keys_.emplace(kid, VerificationKey{std::move(key), algorithm}).second) {
      return absl::InvalidArgumentError("each of its keys needs a kid of its own");
    }
  }
  return keys_.empty() ? absl::InvalidArgumentError("it holds no key for RS256 or ES256")
                       : absl::OkStatus();
}

absl::StatusOr<VerifiedJwt> JwksVerifier::Verify(std::string_view token, absl::Time now) const {
  const size_t first = token.find('.');
  const size_t second = first == token.npos ? first : token.find('.', first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos) {
    return errors::CredentialInvalid();
  }
  const std::optional<Json> header = ObjectOf(token.substr(0, first));
  const std::optional<Json> claims = ObjectOf(token.substr(first + 1, second - first - 1));
  if (!header.has_value() || !claims.has_value() || !IsSigned(*header, token)) {
    return errors::CredentialInvalid();
  }
  return CheckClaims(*claims, now);
}

bool JwksVerifier::IsSigned(const Json& header, std::string_view token) const {
  const auto found = keys_.find(TextOf(header, "kid"));
  // The key decides the algorithm. A token that asks for another one (none, HMAC with the public
  // key as its secret), or for extensions (crit), is refused before its signature is looked at.
  if (found == keys_.end() || TextOf(header, "alg") != found->second.algorithm ||
      header.contains("crit")) {
    return false;
  }
  const Signature signature(cjose_jws_import(token.data(), token.size(), nullptr));
  return signature != nullptr &&
         cjose_jws_verify(signature.get(), found->second.key.get(), nullptr);
}

absl::StatusOr<VerifiedJwt> JwksVerifier::CheckClaims(const Json& claims, absl::Time now) const {
  const std::optional<absl::Time> expire_time = TimeOf(claims, "exp");
  const std::optional<absl::Time> not_before = TimeOf(claims, "nbf");
  VerifiedJwt jwt{.subject = TextOf(claims, "sub")};
  if (TextOf(claims, "iss") != rules_.issuer || !IsFor(claims, rules_.audience) ||
      jwt.subject.empty() || !expire_time.has_value() ||
      (claims.contains("nbf") && (!not_before.has_value() || *not_before > now + kClockSkewMax))) {
    return errors::CredentialInvalid();
  }
  jwt.expire_time = *expire_time + kClockSkewMax;
  return jwt.expire_time > now ? absl::StatusOr<VerifiedJwt>(std::move(jwt))
                               : errors::CredentialExpired();
}

}  // namespace

absl::StatusOr<std::shared_ptr<const JwtVerifier>> JwtVerifier::Create(JwtRules rules,
                                                                       std::string_view jwks) {
  auto verifier = std::make_shared<JwksVerifier>(std::move(rules));
  GL_RETURN_IF_ERROR(verifier->AddKeys(jwks));
  return std::shared_ptr<const JwtVerifier>(std::move(verifier));
}

}  // namespace genledger
