#include "service/auth/tls_material.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <utility>

namespace genledger {
namespace {

struct Freer {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Bio = std::unique_ptr<BIO, Freer>;
using Certificate = std::unique_ptr<X509, Freer>;
using PrivateKey = std::unique_ptr<EVP_PKEY, Freer>;

Bio Reader(const std::string& pem) {
  return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// A key with a passphrase is refused; without this OpenSSL would ask for it on the terminal.
int NoPassphrase(char*, int, int, void*) { return -1; }

// The first certificate; null if one of them does not parse, or there is none.
Certificate ReadCertificates(const std::string& pem) {
  const Bio reader = Reader(pem);
  Certificate first(PEM_read_bio_X509(reader.get(), nullptr, NoPassphrase, nullptr));
  if (first == nullptr) {
    return nullptr;
  }
  while (Certificate(PEM_read_bio_X509(reader.get(), nullptr, NoPassphrase, nullptr)) != nullptr) {
  }
  // The end of the text is told like an error.
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  return at_end ? std::move(first) : nullptr;
}

absl::Status Check(const TlsMaterial& material) {
  const Certificate certificate = ReadCertificates(material.certificate_chain);
  if (certificate == nullptr) {
    return absl::InvalidArgumentError("the certificate file does not hold PEM certificates");
  }
  const PrivateKey key(PEM_read_bio_PrivateKey(Reader(material.private_key.Reveal()).get(), nullptr,
                                               NoPassphrase, nullptr));
  if (key == nullptr) {
    return absl::InvalidArgumentError(
        "the key file does not hold a PEM private key without a passphrase");
  }
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return absl::InvalidArgumentError("the private key is not the certificate's");
  }
  if (!material.client_roots.empty() && ReadCertificates(material.client_roots) == nullptr) {
    return absl::InvalidArgumentError("the client CA file does not hold PEM certificates");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<const TlsMaterial>> MakeTlsMaterial(TlsMaterial material) {
  const absl::Status status = Check(material);
  // OpenSSL's errors are the thread's, and would be taken for those of what it does next.
  ERR_clear_error();
  if (!status.ok()) {
    return status;
  }
  return std::make_shared<const TlsMaterial>(std::move(material));
}

}  // namespace genledger
