// TLS and a caller's token, for the servers that are measured with them.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace genledger::bench {

// What a server is given, and what its clients need.
struct Identity {
  std::string certificate;  // PEM: of 127.0.0.1, self-signed, P-256
  std::string key;          // PEM
  std::string token;        // a bearer token…
  std::string token_line;   // …and its line of --tokens_file
};

// A new one, good for a day. INTERNAL: OpenSSL fails.
absl::StatusOr<Identity> MakeIdentity();

}  // namespace genledger::bench
