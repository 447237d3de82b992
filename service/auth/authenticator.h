// Maps a call's credential to a principal.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "service/base/principal.h"

namespace genledger {

// What a call brings to say who it is.
struct CallCredential {
  // The one authorization header, empty if there is none.
  std::string_view authorization;
  // The names of the client's certificate, which the handshake has verified: "spiffe://…" and
  // "dns:…" (client_names.h). Asked for only where there is no header: it may cost something.
  absl::FunctionRef<std::vector<std::string>()> certificate_names;
};

// For a connection without a client certificate.
inline std::vector<std::string> NoCertificateNames() { return {}; }

// Thread safe.
class Authenticator {
 public:
  virtual ~Authenticator() = default;

  // UNAUTHENTICATED if the credential is not good. A header that is there decides alone: a bad
  // token is refused whatever the certificate says.
  virtual absl::StatusOr<Principal> Authenticate(const CallCredential& credential) = 0;
};

// While no credentials are configured (--insecure): every caller is an operator of tenant
// `default`, and any bearer token is taken.
std::unique_ptr<Authenticator> NewInsecureAuthenticator();

}  // namespace genledger
