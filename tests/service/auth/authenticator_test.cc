#include "service/auth/authenticator.h"

#include <gtest/gtest.h>

namespace genledger {
namespace {

TEST(InsecureAuthenticator, EverybodyIsAnOperatorOfTheDefaultTenant) {
  const std::unique_ptr<Authenticator> authenticator = NewInsecureAuthenticator();
  for (const char* header : {"", "Bearer anything", "Basic nonsense", "\xff"}) {
    const absl::StatusOr<Principal> caller = authenticator->Authenticate(
        {.authorization = header, .certificate_names = NoCertificateNames});
    ASSERT_TRUE(caller.ok());
    EXPECT_EQ(caller->tenant, "default");
    EXPECT_EQ(caller->role, Role::kOperator);
    EXPECT_FALSE(caller->name.empty());
  }
}

}  // namespace
}  // namespace genledger
