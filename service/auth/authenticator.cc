#include "service/auth/authenticator.h"

namespace genledger {
namespace {

constexpr char kInsecureTenant[] = "default";
constexpr char kInsecureName[] = "anonymous";

class InsecureAuthenticator : public Authenticator {
 public:
  absl::StatusOr<Principal> Authenticate(const CallCredential&) override {
    return Principal{.name = kInsecureName, .tenant = kInsecureTenant, .role = Role::kOperator};
  }
};

}  // namespace

std::unique_ptr<Authenticator> NewInsecureAuthenticator() {
  return std::make_unique<InsecureAuthenticator>();
}

}  // namespace genledger
