// The simulated upstream behind TLS.
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <string>

#include "tests/upstream_simulator/simulator_fixture.h"

namespace genledger {
namespace {

using TlsTest = SimulatorTest;

struct Files {
  std::string cert;
  std::string key;
};

// A self-signed certificate for localhost.
Files MakeCertificate() {
  const std::string directory = ::testing::TempDir();
  Files files{.cert = directory + "cert.pem", .key = directory + "key.pem"};
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* cert = X509_new();
  ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
  X509_gmtime_adj(X509_getm_notBefore(cert), -60);
  X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
  X509_set_pubkey(cert, key);
  X509_NAME* name = X509_get_subject_name(cert);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(cert, name);
  EXPECT_NE(X509_sign(cert, key, EVP_sha256()), 0);
  FILE* cert_file = std::fopen(files.cert.c_str(), "w");
  EXPECT_EQ(PEM_write_X509(cert_file, cert), 1);
  std::fclose(cert_file);
  FILE* key_file = std::fopen(files.key.c_str(), "w");
  EXPECT_EQ(PEM_write_PrivateKey(key_file, key, nullptr, nullptr, 0, nullptr, nullptr), 1);
  std::fclose(key_file);
  X509_free(cert);
  EVP_PKEY_free(key);
  return files;
}

// What a TLS client reads until the first answer or the end of the connection.
std::string AskOverTls(int port, const std::string& bytes, const std::string& trusted) {
  // OpenSSL says goodbye even to a connection that was reset.
  std::signal(SIGPIPE, SIG_IGN);
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_load_verify_locations(context, trusted.c_str(), nullptr);
  BIO* bio = BIO_new_ssl_connect(context);
  SSL* ssl = nullptr;
  BIO_get_ssl(bio, &ssl);
  SSL_set_verify(ssl, SSL_VERIFY_PEER, nullptr);
  BIO_set_conn_hostname(bio, ("127.0.0.1:" + std::to_string(port)).c_str());
  std::string answer;
  if (BIO_do_connect(bio) == 1 &&
      BIO_write(bio, bytes.data(), static_cast<int>(bytes.size())) > 0) {
    char buffer[4096];
    const int size = BIO_read(bio, buffer, sizeof(buffer));
    answer.assign(buffer, size > 0 ? static_cast<size_t>(size) : 0);
  }
  BIO_free_all(bio);
  SSL_CTX_free(context);
  return answer;
}

TEST_F(TlsTest, ServesThoseWhoTrustItsCertificate) {
  const Files files = MakeCertificate();
  Start({.tls_cert_path = files.cert, .tls_key_path = files.key});
  EXPECT_EQ(simulator().url(), "https://127.0.0.1:" + std::to_string(port()));
  EXPECT_TRUE(AskOverTls(port(), SubmitBytes(PageExample()), files.cert)
                  .starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(AskOverTls(port(), SubmitBytes(PageExample()), "/dev/null"), "");
  EXPECT_EQ(simulator().stats().posts_received, 1u);
  Script(R"({"do":"reset","at":"start"})");
  EXPECT_EQ(AskOverTls(port(), SubmitBytes(PageExample()), files.cert), "");
  EXPECT_EQ(simulator().stats().posts_received, 2u);
}

TEST_F(TlsTest, BadFilesAreRefused) {
  const Files files = MakeCertificate();
  for (const Files& bad :
       {Files{files.cert, ""}, Files{files.cert, "/nonexistent"}, Files{files.key, files.key}}) {
    EXPECT_EQ(UpstreamSimulator::Start({.tls_cert_path = bad.cert, .tls_key_path = bad.key})
                  .status()
                  .code(),
              absl::StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace genledger
