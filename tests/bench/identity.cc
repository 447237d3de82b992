#include "tests/bench/identity.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

#include "clients/cpp/genledgerctl/new_token.h"
#include "service/base/status_macros.h"

namespace genledger::bench {
namespace {

constexpr long kDaySeconds = 24L * 60 * 60;  // NOLINT(google-runtime-int): OpenSSL's type

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* owned) const {
    Free(owned);
  }
};
template <typename T, auto Free>
using Owned = std::unique_ptr<T, Deleter<Free>>;
using Bio = Owned<BIO, BIO_free_all>;

std::string TextOf(BIO* bio) {
  char* text = nullptr;
  const auto size = BIO_get_mem_data(bio, &text);
  return {text, static_cast<size_t>(size)};
}

// False: OpenSSL fails.
bool Describe(X509* certificate, EVP_PKEY* key) {
  X509_NAME* const name = X509_get_subject_name(certificate);
  const Owned<X509_EXTENSION, X509_EXTENSION_free> address(
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1"));
  return X509_set_version(certificate, X509_VERSION_3) == 1 &&
         ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1 &&
         X509_gmtime_adj(X509_getm_notBefore(certificate), 0) != nullptr &&
         X509_gmtime_adj(X509_getm_notAfter(certificate), kDaySeconds) != nullptr &&
         X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                    reinterpret_cast<const unsigned char*>("bench"), -1, -1,
                                    0) == 1 &&
         X509_set_issuer_name(certificate, name) == 1 && X509_set_pubkey(certificate, key) == 1 &&
         address != nullptr && X509_add_ext(certificate, address.get(), -1) == 1 &&
         X509_sign(certificate, key, EVP_sha256()) > 0;
}

}  // namespace

absl::StatusOr<Identity> MakeIdentity() {
  const Owned<EVP_PKEY, EVP_PKEY_free> key(EVP_EC_gen("P-256"));
  const Owned<X509, X509_free> certificate(X509_new());
  const Bio certificate_text(BIO_new(BIO_s_mem()));
  const Bio key_text(BIO_new(BIO_s_mem()));
  if (key == nullptr || certificate == nullptr || certificate_text == nullptr ||
      key_text == nullptr || !Describe(certificate.get(), key.get()) ||
      PEM_write_bio_X509(certificate_text.get(), certificate.get()) != 1 ||
      PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) !=
          1) {
    return absl::InternalError("OpenSSL makes no certificate");
  }
  GL_ASSIGN_OR_RETURN(const ctl::NewToken token, ctl::MakeToken({.tenant = "bench"}));
  return Identity{.certificate = TextOf(certificate_text.get()),
                  .key = TextOf(key_text.get()),
                  .token = token.token,
                  .token_line = token.line};
}

}  // namespace genledger::bench
