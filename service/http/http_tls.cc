#include "service/http/http_tls.h"

#include <openssl/ssl.h>

#include <boost/asio/buffer.hpp>
#include <string>

#include "service/base/check.h"

namespace genledger {
namespace {

namespace ssl = boost::asio::ssl;

// Of TLS 1.2; those of 1.3 are all good. The same as gRPC's.
constexpr char kCiphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr unsigned char kHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

// Takes http/1.1 where a client offers it, and says nothing to one that offers only others.
int SelectProtocol(SSL*, const unsigned char** selected, unsigned char* selected_length,
                   const unsigned char* offered, unsigned int offered_length, void*) {
  unsigned char* match = nullptr;
  if (SSL_select_next_proto(&match, selected_length, kHttp11, sizeof(kHttp11), offered,
                            offered_length) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *selected = match;
  return SSL_TLSEXT_ERR_OK;
}

std::shared_ptr<ssl::context> MakeContext(const TlsMaterial& material,
                                          ClientCertificate client_certificate) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX* const native = context->native_handle();
  GL_CHECK(SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION) == 1 &&
               SSL_CTX_set_cipher_list(native, kCiphers) == 1,
           "OpenSSL without TLS 1.2");
  // Connections are kept alive, so little is won by resuming; a session that is resumed would
  // outlive the trust in its certificate.
  SSL_CTX_set_options(native, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_alpn_select_cb(native, SelectProtocol, nullptr);
  // They throw where the material is not good, which MakeTlsMaterial has checked.
  context->use_certificate_chain(boost::asio::buffer(material.certificate_chain));
  context->use_private_key(boost::asio::buffer(material.private_key.Reveal()), ssl::context::pem);
  if (!material.client_roots.empty()) {
    context->add_certificate_authority(boost::asio::buffer(material.client_roots));
    context->set_verify_mode(client_certificate == ClientCertificate::kRequired
                                 ? ssl::verify_peer | ssl::verify_fail_if_no_peer_cert
                                 : ssl::verify_peer);
  }
  return context;
}

}  // namespace

std::shared_ptr<ssl::context> HttpTls::Context() {
  std::shared_ptr<const TlsMaterial> latest = material_->Get();
  absl::MutexLock lock(&mu_);
  if (latest != made_of_) {
    context_ = MakeContext(*latest, material_->client_certificate());
    made_of_ = std::move(latest);
  }
  return context_;
}

}  // namespace genledger
