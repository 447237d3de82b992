// The flags that say who may call, and over what.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "service/auth/jwt_verifier.h"
#include "service/auth/tls_material.h"

namespace genledger {

struct SecurityConfig {
  bool insecure = false;              // plaintext
  bool insecure_any_address = false;  // also beyond loopback
  // Paths; empty: none.
  std::string tls_certificate_file;
  std::string tls_key_file;
  std::string tls_client_ca_file;
  ClientCertificate client_certificate = ClientCertificate::kOptional;
  std::string tokens_file;
  std::string identities_file;
  std::string jwks_file;
  JwtRules jwt_rules;

  // Whether callers have to prove who they are.
  bool has_credentials() const { return !tokens_file.empty() || !identities_file.empty(); }
};

// Reads and checks the flags; the files are read later. INVALID_ARGUMENT with one line that names
// the flag.
absl::StatusOr<SecurityConfig> SecurityConfigFromFlags();

}  // namespace genledger
