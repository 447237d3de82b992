#include "service/auth/credential_authenticator.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "service/base/errors.h"
#include "tests/fakes/manual_clock.h"

namespace genledger {
namespace {

// Takes every JWT, as that of its first part, and counts.
class CountingVerifier : public JwtVerifier {
 public:
  explicit CountingVerifier(absl::Time expire_time) : expire_time_(expire_time) {}

  absl::StatusOr<VerifiedJwt> Verify(std::string_view token, absl::Time now) const override {
    ++verified;
    if (now >= expire_time_) {
      return errors::CredentialExpired();
    }
    return VerifiedJwt{.subject = std::string(token.substr(0, token.find('.'))),
                       .expire_time = expire_time_};
  }

  mutable int verified = 0;

 private:
  const absl::Time expire_time_;
};

class CredentialAuthenticatorTest : public ::testing::Test {
 protected:
  CredentialAuthenticatorTest() {
    const std::string salt(16, 's');
    const Sha256Digest digest = Sha256({salt, "secret"});
    authenticator_.SetTokens(*TokenTable::Parse(absl::StrCat(
        "id sha256:", absl::BytesToHexString(salt), ":",
        absl::BytesToHexString(std::string(digest.begin(), digest.end())), " tenant=of-token")));
    authenticator_.SetIdentities(*IdentityTable::Parse(kIdentities));
    authenticator_.SetJwtVerifier(verifier_);
  }

  // The tenant, or the code's name.
  std::string TenantOf(const std::string& authorization, std::vector<std::string> names = {}) {
    const absl::StatusOr<Principal> caller = authenticator_.Authenticate(
        {.authorization = authorization, .certificate_names = [&names] { return names; }});
    return caller.ok() ? caller->tenant : absl::StatusCodeToString(caller.status().code());
  }

  static constexpr char kIdentities[] = "subject:jwt tenant=of-jwt\ndns:a tenant=of-certificate";
  fakes::ManualClock clock_;
  std::shared_ptr<CountingVerifier> verifier_ =
      std::make_shared<CountingVerifier>(clock_.Now() + absl::Minutes(10));
  CredentialAuthenticator authenticator_{&clock_};
};

TEST_F(CredentialAuthenticatorTest, TheHeaderDecidesAndOnlyWithoutOneTheCertificate) {
  EXPECT_EQ(TenantOf("Bearer id.secret"), "of-token");
  EXPECT_EQ(TenantOf("bearer   id.secret"), "of-token");
  EXPECT_EQ(TenantOf("Bearer jwt.x.y"), "of-jwt");
  EXPECT_EQ(TenantOf("", {"dns:a"}), "of-certificate");
  EXPECT_EQ(TenantOf("Bearer id.secret", {"dns:a"}), "of-token");
  for (const char* header :
       {"Bearer id.wrong", "Bearer other.x.y", "Bearer", "Bearer ", "id.secret", "Basic id.secret",
        "Bearer\tid.secret", " Bearer id.secret"}) {
    EXPECT_EQ(TenantOf(header, {"dns:a"}), "UNAUTHENTICATED") << header;
  }
  EXPECT_EQ(TenantOf("", {"dns:unlisted"}), "UNAUTHENTICATED");
  EXPECT_EQ(TenantOf(""), "UNAUTHENTICATED");
}

TEST_F(CredentialAuthenticatorTest, AJwtIsVerifiedOnceUntilItExpires) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(TenantOf("Bearer jwt.x.y"), "of-jwt");
  }
  EXPECT_EQ(verifier_->verified, 1);
  EXPECT_EQ(TenantOf("Bearer jwt.x.z"), "of-jwt");
  EXPECT_EQ(verifier_->verified, 2);
  clock_.Advance(absl::Minutes(10));
  EXPECT_EQ(TenantOf("Bearer jwt.x.y"), "UNAUTHENTICATED");
}

TEST_F(CredentialAuthenticatorTest, WhatIsReloadedIsInForceForKnownJwtsToo) {
  EXPECT_EQ(TenantOf("Bearer jwt.x.y"), "of-jwt");
  authenticator_.SetIdentities(*IdentityTable::Parse("subject:jwt tenant=another"));
  EXPECT_EQ(TenantOf("Bearer jwt.x.y"), "another");
  authenticator_.SetJwtVerifier(nullptr);
  EXPECT_EQ(TenantOf("Bearer jwt.x.y"), "UNAUTHENTICATED");
  authenticator_.SetTokens(TokenTable());
  EXPECT_EQ(TenantOf("Bearer id.secret"), "UNAUTHENTICATED");
}

TEST_F(CredentialAuthenticatorTest, AJwtOutlivesNeitherItselfNorItsLine) {
  authenticator_.SetIdentities(*IdentityTable::Parse(absl::StrCat(
      "subject:jwt tenant=t expires=",
      absl::FormatTime(absl::RFC3339_sec, clock_.Now() + absl::Minutes(1), absl::UTCTimeZone()))));
  EXPECT_EQ(TenantOf("Bearer jwt.x.y"), "t");
  clock_.Advance(absl::Minutes(1));
  EXPECT_EQ(TenantOf("Bearer jwt.x.y"), "UNAUTHENTICATED");
}

TEST_F(CredentialAuthenticatorTest, ManyJwtsAreForgottenNotKept) {
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_EQ(TenantOf(absl::StrCat("Bearer jwt.x.", i)), "of-jwt");
  }
  EXPECT_EQ(verifier_->verified, 10'000);
  EXPECT_EQ(TenantOf("Bearer jwt.x.9999"), "of-jwt");
  EXPECT_EQ(verifier_->verified, 10'000);
}

TEST_F(CredentialAuthenticatorTest, CallsGoOnWhileFilesAreReloaded) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([this] {
      for (int call = 0; call < 2'000; ++call) {
        EXPECT_EQ(TenantOf("", {"dns:a"}), "of-certificate");
        EXPECT_EQ(TenantOf("Bearer id.secret"), "of-token");
      }
    });
  }
  for (int i = 0; i < 200; ++i) {
    authenticator_.SetIdentities(*IdentityTable::Parse(kIdentities));
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}

}  // namespace
}  // namespace genledger
