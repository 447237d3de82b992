// The names by which a client certificate identifies its holder.
#pragma once

#include <openssl/x509.h>

#include <string>
#include <vector>

namespace genledger {

// From the subject alternative names of a certificate that the handshake has verified: SPIFFE ids
// as they are ("spiffe://…") and DNS names as "dns:…", as IdentityTable has them. Other URIs, and
// the common name, identify nobody.
std::vector<std::string> ClientNamesOf(const X509* certificate);

// The same for one name whose kind is already known; empty: it identifies nobody.
std::string ClientNameOfUri(std::string uri);
std::string ClientNameOfDns(const std::string& host);

}  // namespace genledger
