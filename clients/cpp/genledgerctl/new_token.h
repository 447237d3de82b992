// A bearer token, and the line that the server's tokens file knows it by.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace genledger::ctl {

struct TokenRequest {
  std::string id;  // empty: a random one
  std::string tenant;
  std::string role = "caller";                      // or reader, operator
  std::string reads;                                // tenants with commas between them; readers
  absl::Time expire_time = absl::InfiniteFuture();  // never
};

struct NewToken {
  std::string token;  // "ID.SECRET": 256 random bits in base64url
  std::string line;   // without the line's end; it holds nothing that must be kept secret
};

// INVALID_ARGUMENT, one line, if the server would refuse the line. INTERNAL without randomness.
absl::StatusOr<NewToken> MakeToken(const TokenRequest& request);

}  // namespace genledger::ctl
