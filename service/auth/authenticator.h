// Maps a call's credential to a principal.
#pragma once

#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "service/base/principal.h"

namespace genledger {

// Thread safe.
class Authenticator {
 public:
  virtual ~Authenticator() = default;

  // `authorization` is the call's authorization header, empty if it has none. UNAUTHENTICATED if it
  // is not good.
  virtual absl::StatusOr<Principal> Authenticate(std::string_view authorization) = 0;
};

// While no credentials are configured (--insecure): every caller is an operator of tenant
// `default`, and any bearer token is taken.
std::unique_ptr<Authenticator> NewInsecureAuthenticator();

}  // namespace genledger
