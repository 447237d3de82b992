#include "tests/service/upstream/tls_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <thread>
#include <utility>

#include "service/base/check.h"

namespace genledger {
namespace {

constexpr int64_t kCertificateSeconds = 3600;

X509* NewCertificate(EVP_PKEY* key) {
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -kCertificateSeconds);
  X509_gmtime_adj(X509_getm_notAfter(certificate), kCertificateSeconds);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("test upstream"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  for (const auto& [nid, value] : {std::pair{NID_subject_alt_name, "IP:127.0.0.1"},
                                   std::pair{NID_basic_constraints, "critical,CA:TRUE"}}) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
  GL_CHECK(X509_sign(certificate, key, EVP_sha256()) > 0, "cannot sign");
  return certificate;
}

std::string Pem(X509* certificate) {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, certificate);
  char* data = nullptr;
  const auto size = static_cast<size_t>(BIO_get_mem_data(bio, &data));
  std::string pem(data, size);
  BIO_free(bio);
  return pem;
}

}  // namespace

class TlsServer::Impl {
 public:
  explicit Impl(std::string answer)
      : answer_(std::move(answer)), listen_fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    std::signal(SIGPIPE, SIG_IGN);  // SSL_write has no MSG_NOSIGNAL
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = NewCertificate(key);
    pem_ = Pem(certificate);
    context_ = SSL_CTX_new(TLS_server_method());
    GL_CHECK(SSL_CTX_use_certificate(context_, certificate) == 1 &&
                 SSL_CTX_use_PrivateKey(context_, key) == 1,
             "cannot use the certificate");
    X509_free(certificate);
    EVP_PKEY_free(key);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    GL_CHECK(bind(listen_fd_, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                 listen(listen_fd_, 16) == 0 &&
                 getsockname(listen_fd_, reinterpret_cast<sockaddr*>(&address), &size) == 0,
             "cannot listen");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }

  ~Impl() {
    shutdown(listen_fd_, SHUT_RDWR);
    thread_.join();
    close(listen_fd_);
    SSL_CTX_free(context_);
  }

  int port() const { return port_; }
  const std::string& pem() const { return pem_; }
  int handshakes_tried() const { return handshakes_tried_; }
  size_t request_bytes() const { return request_bytes_; }

 private:
  // One connection after the other.
  void Serve() {
    while (true) {
      const int fd = accept4(listen_fd_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) {
        return;
      }
      ++handshakes_tried_;
      SSL* ssl = SSL_new(context_);
      SSL_set_fd(ssl, fd);
      if (SSL_accept(ssl) == 1) {
        Converse(ssl);
        SSL_shutdown(ssl);
      }
      SSL_free(ssl);
      close(fd);
    }
  }

  void Converse(SSL* ssl) {
    std::string request;
    std::array<char, 4096> bytes;
    while (true) {
      const int size = SSL_read(ssl, bytes.data(), static_cast<int>(bytes.size()));
      if (size <= 0) {
        return;
      }
      request_bytes_ += static_cast<size_t>(size);
      request.append(bytes.data(), static_cast<size_t>(size));
      if (request.find("\r\n\r\n{}") != std::string::npos) {  // tests post "{}"
        SSL_write(ssl, answer_.data(), static_cast<int>(answer_.size()));
        return;
      }
    }
  }

  const std::string answer_;
  const int listen_fd_;
  int port_ = 0;
  std::string pem_;
  SSL_CTX* context_ = nullptr;
  std::atomic<int> handshakes_tried_ = 0;
  std::atomic<size_t> request_bytes_ = 0;
  std::thread thread_;
};

TlsServer::TlsServer(std::string answer) : impl_(std::make_unique<Impl>(std::move(answer))) {}
TlsServer::~TlsServer() = default;
std::string TlsServer::url() const { return "https://127.0.0.1:" + std::to_string(impl_->port()); }
const std::string& TlsServer::certificate_pem() const { return impl_->pem(); }
int TlsServer::handshakes_tried() const { return impl_->handshakes_tried(); }
size_t TlsServer::request_bytes() const { return impl_->request_bytes(); }

}  // namespace genledger
