#include "service/auth/jwt_verifier.h"

#include <cjose/cjose.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"

namespace genledger {
namespace {

using Json = nlohmann::json;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

class Signer {
 public:
  Signer(cjose_jwk_t* key, std::string kid, std::string algorithm)
      : key_(key), kid_(std::move(kid)), algorithm_(std::move(algorithm)) {}
  ~Signer() { cjose_jwk_release(key_); }

  // Its public part, as a JWKS file lists it.
  Json Entry() const {
    char* const text = cjose_jwk_to_json(key_, /*priv=*/false, nullptr);
    Json entry = Json::parse(text);
    std::free(text);
    entry["kid"] = kid_;
    return entry;
  }

  std::string Sign(const Json& claims) const {
    cjose_header_t* const header = cjose_header_new(nullptr);
    cjose_header_set(header, CJOSE_HDR_ALG, algorithm_.c_str(), nullptr);
    cjose_header_set(header, CJOSE_HDR_KID, kid_.c_str(), nullptr);
    const std::string text = claims.dump();
    cjose_jws_t* const jws = cjose_jws_sign(
        key_, header, reinterpret_cast<const uint8_t*>(text.data()), text.size(), nullptr);
    const char* compact = nullptr;
    cjose_jws_export(jws, &compact, nullptr);
    std::string token(compact);
    cjose_jws_release(jws);
    cjose_header_release(header);
    return token;
  }

 private:
  cjose_jwk_t* const key_;
  const std::string kid_;
  const std::string algorithm_;
};

Json Claims() {
  return {{"iss", "https://issuer"},
          {"aud", {"genledger", "other"}},
          {"sub", "system:serviceaccount:video:worker"},
          {"nbf", absl::ToUnixSeconds(kNow) - 10},
          {"exp", absl::ToUnixSeconds(kNow) + 600}};
}

Json With(const char* name, Json value) {
  Json claims = Claims();
  claims[name] = std::move(value);
  return claims;
}

class JwtVerifierTest : public ::testing::Test {
 protected:
  static absl::StatusOr<std::shared_ptr<const JwtVerifier>> Create(const Json& keys) {
    return JwtVerifier::Create({.issuer = "https://issuer", .audience = "genledger"},
                               Json{{"keys", keys}}.dump());
  }
  bool Takes(const std::string& token, absl::Time now = kNow) const {
    return verifier_->Verify(token, now).ok();
  }

  const Signer rsa_{cjose_jwk_create_RSA_random(2048, nullptr, 0, nullptr), "rsa", "RS256"};
  const Signer ec_{cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, nullptr), "ec", "ES256"};
  const std::shared_ptr<const JwtVerifier> verifier_ = *Create({rsa_.Entry(), ec_.Entry()});
};

TEST_F(JwtVerifierTest, ASignatureOfEitherKindProvesTheSubject) {
  for (const Signer* signer : {&rsa_, &ec_}) {
    const absl::StatusOr<VerifiedJwt> jwt = verifier_->Verify(signer->Sign(Claims()), kNow);
    ASSERT_TRUE(jwt.ok()) << jwt.status();
    EXPECT_EQ(jwt->subject, "system:serviceaccount:video:worker");
    EXPECT_EQ(jwt->expire_time, kNow + absl::Seconds(630));
  }
  EXPECT_TRUE(Takes(rsa_.Sign(With("aud", "genledger"))));
}

TEST_F(JwtVerifierTest, EveryCharacterOfATokenCounts) {
  const std::string token = ec_.Sign(Claims());
  for (size_t i = 0; i < token.size(); ++i) {
    std::string damaged = token;
    // The last character of a part may hold bits that belong to no byte.
    const bool is_last = i + 1 == token.size() || token[i + 1] == '.';
    damaged[i] = damaged[i] == 'A' ? 'B' : 'A';
    EXPECT_TRUE(is_last || !Takes(damaged)) << i;
    EXPECT_FALSE(Takes(token.substr(0, i))) << i;
  }
}

TEST_F(JwtVerifierTest, TimesAreJudgedWithHalfAMinuteOfPatience) {
  const std::string token = rsa_.Sign(Claims());
  EXPECT_FALSE(Takes(token, kNow - absl::Seconds(41)));
  EXPECT_TRUE(Takes(token, kNow - absl::Seconds(40)));
  EXPECT_TRUE(Takes(token, kNow + absl::Seconds(629)));
  EXPECT_FALSE(Takes(token, kNow + absl::Seconds(630)));
  for (const Json& end :
       {Json("1900000000"), Json(nullptr), Json(Json::array()), Json(1e300 * -1)}) {
    EXPECT_FALSE(Takes(rsa_.Sign(With("exp", end)))) << end;
  }
  EXPECT_FALSE(Takes(rsa_.Sign(With("nbf", "soon"))));
}

TEST_F(JwtVerifierTest, ClaimsMustFit) {
  EXPECT_FALSE(Takes(rsa_.Sign(With("iss", "https://issuer/"))));
  EXPECT_FALSE(Takes(rsa_.Sign(With("aud", "genledger2"))));
  EXPECT_FALSE(Takes(rsa_.Sign(With("aud", Json::array()))));
  EXPECT_FALSE(Takes(rsa_.Sign(With("aud", {{"genledger", true}}))));
  EXPECT_FALSE(Takes(rsa_.Sign(With("sub", ""))));
  EXPECT_FALSE(Takes(rsa_.Sign(With("sub", 1))));
}

TEST_F(JwtVerifierTest, AFileOfKeysMustHoldUsableOnesWithNamesOfTheirOwn) {
  Json unnamed = ec_.Entry();
  unnamed.erase("kid");
  Json encrypts = ec_.Entry();
  encrypts["use"] = "enc";
  Json other_algorithm = rsa_.Entry();
  other_algorithm["alg"] = "PS256";
  const Json symmetric = {{"kty", "oct"}, {"k", "c2VjcmV0"}, {"kid", "oct"}};
  const Signer weak(cjose_jwk_create_RSA_random(1024, nullptr, 0, nullptr), "weak", "RS256");
  const Signer larger(cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_384, nullptr), "p384", "ES384");
  for (const Json& keys :
       {Json::array(), Json{unnamed}, Json{encrypts}, Json{other_algorithm}, Json{symmetric},
        Json{weak.Entry()}, Json{larger.Entry()}, Json{rsa_.Entry(), rsa_.Entry()}, Json{"key"}}) {
    EXPECT_EQ(Create(keys).status().code(), absl::StatusCode::kInvalidArgument) << keys;
  }
  EXPECT_TRUE(Create({symmetric, weak.Entry(), encrypts, rsa_.Entry()}).ok());
  for (const char* text : {"", "[]", "{}", "{\"keys\":{}}", "{\"keys\":[", "null"}) {
    EXPECT_FALSE(JwtVerifier::Create({}, text).ok()) << text;
  }
}

}  // namespace
}  // namespace genledger
