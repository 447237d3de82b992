#include "service/server/security_config.h"

#include <string_view>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "service/base/status_macros.h"

ABSL_FLAG(bool, insecure, false,
          "serve plaintext, on loopback only; without --tokens_file and --identities_file every "
          "caller is an operator of tenant `default`");
ABSL_FLAG(bool, insecure_any_address, false,
          "let --insecure listen on more than the loopback interface");
ABSL_FLAG(std::string, tls_certificate_file, "",
          "PEM certificate chain that both ports serve TLS with; reloaded when it changes");
ABSL_FLAG(std::string, tls_key_file, "", "PEM private key of --tls_certificate_file; reloaded");
ABSL_FLAG(std::string, tls_client_ca_file, "",
          "PEM certificates that client certificates are verified with; reloaded; empty: none is "
          "asked for");
ABSL_FLAG(bool, tls_require_client_certificate, false,
          "refuse connections without a client certificate");
ABSL_FLAG(std::string, tokens_file, "",
          "bearer tokens and whose they are, one a line, as `genledgerctl token new` prints them; "
          "reloaded");
ABSL_FLAG(std::string, identities_file, "",
          "whose the names of client certificates and the subjects of JWTs are, one a line; "
          "reloaded");
ABSL_FLAG(
    std::string, jwks_file, "",
    "JWKS file whose keys verify JWTs, such as those of Kubernetes service accounts; reloaded");
ABSL_FLAG(std::string, jwt_issuer, "", "the iss that a JWT must have");
ABSL_FLAG(std::string, jwt_audience, "", "the aud that a JWT must have");

namespace genledger {
namespace {

absl::Status BadFlag(std::string_view flag, std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("--", absl::string_view(flag.data(), flag.size()),
                                                 ": ",
                                                 absl::string_view(what.data(), what.size())));
}

absl::Status CheckTls(const SecurityConfig& config) {
  const bool has_certificate = !config.tls_certificate_file.empty();
  if (has_certificate != !config.tls_key_file.empty()) {
    return BadFlag(has_certificate ? "tls_key_file" : "tls_certificate_file",
                   "is needed: certificate and key go together");
  }
  if (has_certificate && config.insecure) {
    return BadFlag("insecure", "is plaintext, and contradicts --tls_certificate_file");
  }
  if (!has_certificate && !config.insecure) {
    return BadFlag("tls_certificate_file",
                   "is needed, with --tls_key_file; or --insecure, for plaintext on loopback");
  }
  if (!has_certificate && !config.tls_client_ca_file.empty()) {
    return BadFlag("tls_client_ca_file", "needs --tls_certificate_file");
  }
  if (config.client_certificate == ClientCertificate::kRequired &&
      config.tls_client_ca_file.empty()) {
    return BadFlag("tls_require_client_certificate", "needs --tls_client_ca_file");
  }
  return absl::OkStatus();
}

absl::Status CheckIdentities(const SecurityConfig& config) {
  const bool has_jwks = !config.jwks_file.empty();
  if (has_jwks == config.jwt_rules.issuer.empty() ||
      has_jwks == config.jwt_rules.audience.empty()) {
    return BadFlag("jwks_file", "goes together with --jwt_issuer and --jwt_audience");
  }
  if (has_jwks && config.identities_file.empty()) {
    return BadFlag("identities_file", "is needed: it says whose the subjects of JWTs are");
  }
  if (!config.identities_file.empty() && !has_jwks && config.tls_client_ca_file.empty()) {
    return BadFlag("identities_file",
                   "needs --tls_client_ca_file or --jwks_file, which verify the names in it");
  }
  if (!config.insecure && !config.has_credentials()) {
    return BadFlag("tokens_file",
                   "is needed, or --identities_file: with TLS callers prove who they are");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SecurityConfig> SecurityConfigFromFlags() {
  SecurityConfig config{.insecure = absl::GetFlag(FLAGS_insecure),
                        .insecure_any_address = absl::GetFlag(FLAGS_insecure_any_address),
                        .tls_certificate_file = absl::GetFlag(FLAGS_tls_certificate_file),
                        .tls_key_file = absl::GetFlag(FLAGS_tls_key_file),
                        .tls_client_ca_file = absl::GetFlag(FLAGS_tls_client_ca_file),
                        .client_certificate = absl::GetFlag(FLAGS_tls_require_client_certificate)
                                                  ? ClientCertificate::kRequired
                                                  : ClientCertificate::kOptional,
                        .tokens_file = absl::GetFlag(FLAGS_tokens_file),
                        .identities_file = absl::GetFlag(FLAGS_identities_file),
                        .jwks_file = absl::GetFlag(FLAGS_jwks_file),
                        .jwt_rules = {.issuer = absl::GetFlag(FLAGS_jwt_issuer),
                                      .audience = absl::GetFlag(FLAGS_jwt_audience)}};
  GL_RETURN_IF_ERROR(CheckTls(config));
  GL_RETURN_IF_ERROR(CheckIdentities(config));
  return config;
}

}  // namespace genledger
