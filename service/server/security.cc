#include "service/server/security.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/auth/identity_table.h"
#include "service/auth/jwt_verifier.h"
#include "service/auth/token_table.h"
#include "service/base/secret.h"
#include "service/base/status_macros.h"

namespace genledger {

absl::StatusOr<std::unique_ptr<Security>> Security::Open(const SecurityConfig& config,
                                                         Collaborators collaborators) {
  std::unique_ptr<Security> security(new Security(collaborators));
  if (!config.insecure) {
    GL_RETURN_IF_ERROR(security->OpenTls(config));
  }
  if (config.has_credentials()) {
    GL_RETURN_IF_ERROR(security->OpenCredentials(config));
  } else {
    security->authenticator_ = NewInsecureAuthenticator();
  }
  return security;
}

absl::Status Security::OpenTls(const SecurityConfig& config) {
  tls_ = std::make_unique<CurrentTlsMaterial>(config.client_certificate);
  std::vector<std::string> paths{config.tls_certificate_file, config.tls_key_file};
  if (!config.tls_client_ca_file.empty()) {
    paths.push_back(config.tls_client_ca_file);
  }
  return Watch("tls_certificate_file", std::move(paths),
               [this, has_roots = !config.tls_client_ca_file.empty()](
                   const std::vector<std::string>& texts) {
                 // An empty file of roots would mean that nobody is asked for a certificate.
                 if (has_roots && texts[2].empty()) {
                   return absl::InvalidArgumentError("the client CA file is empty");
                 }
                 GL_ASSIGN_OR_RETURN(
                     std::shared_ptr<const TlsMaterial> material,
                     MakeTlsMaterial({.certificate_chain = texts[0],
                                      .private_key = Secret(texts[1]),
                                      .client_roots = has_roots ? texts[2] : std::string()}));
                 tls_->Set(std::move(material));
                 return absl::OkStatus();
               });
}

absl::Status Security::OpenCredentials(const SecurityConfig& config) {
  auto owned = std::make_unique<CredentialAuthenticator>(c_.wall_clock);
  CredentialAuthenticator* const authenticator = owned.get();
  authenticator_ = std::move(owned);
  if (!config.tokens_file.empty()) {
    GL_RETURN_IF_ERROR(Watch("tokens_file", {config.tokens_file},
                             [authenticator](const std::vector<std::string>& texts) {
                               GL_ASSIGN_OR_RETURN(TokenTable tokens, TokenTable::Parse(texts[0]));
                               authenticator->SetTokens(std::move(tokens));
                               return absl::OkStatus();
                             }));
  }
  if (!config.identities_file.empty()) {
    GL_RETURN_IF_ERROR(Watch("identities_file", {config.identities_file},
                             [authenticator](const std::vector<std::string>& texts) {
                               GL_ASSIGN_OR_RETURN(IdentityTable identities,
                                                   IdentityTable::Parse(texts[0]));
                               authenticator->SetIdentities(std::move(identities));
                               return absl::OkStatus();
                             }));
  }
  if (!config.jwks_file.empty()) {
    GL_RETURN_IF_ERROR(
        Watch("jwks_file", {config.jwks_file},
              [authenticator, rules = config.jwt_rules](const std::vector<std::string>& texts) {
                GL_ASSIGN_OR_RETURN(std::shared_ptr<const JwtVerifier> verifier,
                                    JwtVerifier::Create(rules, texts[0]));
                authenticator->SetJwtVerifier(std::move(verifier));
                return absl::OkStatus();
              }));
  }
  return absl::OkStatus();
}

absl::Status Security::Watch(const char* flag, std::vector<std::string> paths,
                             WatchedFiles::Load load) {
  absl::StatusOr<std::unique_ptr<WatchedFiles>> files =
      WatchedFiles::Open({.name = flag, .paths = std::move(paths)}, std::move(load),
                         {.timers = c_.timers, .clock = c_.clock, .logger = c_.logger});
  if (!files.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--", flag, ": ", files.status().message()));
  }
  files_.push_back(*std::move(files));
  return absl::OkStatus();
}

void Security::Start() {
  for (const std::unique_ptr<WatchedFiles>& files : files_) {
    files->Start();
  }
}

}  // namespace genledger
