#include "service/rpc/tls_credentials.h"

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>

#include <string>

namespace genledger {
namespace {

grpc_ssl_client_certificate_request_type RequestType(const CurrentTlsMaterial& material) {
  if (material.Get()->client_roots.empty()) {
    return GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE;
  }
  return material.client_certificate() == ClientCertificate::kRequired
             ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
             : GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY;
}

// What gRPC asks before every handshake, of one listening port.
class HandshakeSource {
 public:
  explicit HandshakeSource(const CurrentTlsMaterial* material) : material_(material) {}

  grpc_ssl_certificate_config_reload_status Fetch(grpc_ssl_server_certificate_config** config) {
    std::shared_ptr<const TlsMaterial> latest = material_->Get();
    absl::MutexLock lock(&mu_);
    if (latest == fetched_) {
      return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    }
    grpc_ssl_pem_key_cert_pair pair{.private_key = latest->private_key.Reveal().c_str(),
                                    .cert_chain = latest->certificate_chain.c_str()};
    // gRPC wants roots here in any case; where none are set it asks for no certificate either.
    const std::string& roots =
        latest->client_roots.empty() ? latest->certificate_chain : latest->client_roots;
    *config = grpc_ssl_server_certificate_config_create(roots.c_str(), &pair,
                                                        /*num_key_cert_pairs=*/1);
    fetched_ = std::move(latest);
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }

 private:
  const CurrentTlsMaterial* const material_;
  absl::Mutex mu_;
  std::shared_ptr<const TlsMaterial> fetched_ ABSL_GUARDED_BY(mu_);
};

// gRPC's C++ interface reloads files by itself (FileWatcherCertificateProvider), but takes a key
// and a certificate that do not fit, or are no PEM at all, without a word, and then refuses every
// handshake. Its C interface lets us say what is to be used.
class ReloadedTlsCredentials final : public grpc::ServerCredentials {
 public:
  explicit ReloadedTlsCredentials(const CurrentTlsMaterial* material)
      : source_(material),
        credentials_(grpc_ssl_server_credentials_create_with_options(
            grpc_ssl_server_credentials_create_options_using_config_fetcher(
                RequestType(*material), &ReloadedTlsCredentials::Fetch, &source_))) {}
  ~ReloadedTlsCredentials() override { grpc_server_credentials_release(credentials_); }

  // Callers are authenticated in the handlers, which both fronts share (service/auth).
  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}

 private:
  static grpc_ssl_certificate_config_reload_status Fetch(
      void* source, grpc_ssl_server_certificate_config** config) {
    return static_cast<HandshakeSource*>(source)->Fetch(config);
  }

  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  HandshakeSource source_;
  grpc_server_credentials* const credentials_;
};

}  // namespace

std::shared_ptr<grpc::ServerCredentials> MakeTlsServerCredentials(
    const CurrentTlsMaterial* material) {
  return std::make_shared<ReloadedTlsCredentials>(material);
}

}  // namespace genledger
