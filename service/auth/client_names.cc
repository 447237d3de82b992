#include "service/auth/client_names.h"

#include <openssl/x509v3.h>

#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace genledger {
namespace {

struct NamesDeleter {
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

std::string TextOf(const ASN1_STRING* text) {
  return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                     static_cast<size_t>(ASN1_STRING_length(text)));
}

}  // namespace

std::string ClientNameOfUri(std::string uri) {
  return absl::StartsWith(uri, "spiffe://") ? std::move(uri) : std::string();
}

std::string ClientNameOfDns(const std::string& host) { return absl::StrCat("dns:", host); }

std::vector<std::string> ClientNamesOf(const X509* certificate) {
  std::vector<std::string> names;
  const std::unique_ptr<GENERAL_NAMES, NamesDeleter> alternatives(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(alternatives.get()); ++i) {
    const GENERAL_NAME* const one = sk_GENERAL_NAME_value(alternatives.get(), i);
    std::string name;
    if (one->type == GEN_URI) {
      name = ClientNameOfUri(TextOf(one->d.uniformResourceIdentifier));
    } else if (one->type == GEN_DNS) {
      name = ClientNameOfDns(TextOf(one->d.dNSName));
    }
    if (!name.empty()) {
      names.push_back(std::move(name));
    }
  }
  return names;
}

}  // namespace genledger
