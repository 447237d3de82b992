// Bearer tokens of the form id.secret, as the tokens file lists them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/base/principal.h"
#include "service/base/sha256.h"

namespace genledger {

// A line of the file is
//   ID sha256:SALT:HASH tenant=NAME [role=…] [reads=…] [expires=…]
// with an ID of 1 to 64 letters, digits, _ and -, a SALT of 32 and a HASH of 64 hexadecimal digits:
// HASH is SHA-256 of the salt's bytes and then the secret's characters. `genledgerctl token new`
// makes a token and its line. Immutable: thread safe.
class TokenTable {
 public:
  // INVALID_ARGUMENT with one line that names the line at fault, never its text.
  static absl::StatusOr<TokenTable> Parse(std::string_view text);

  // Whose token it is. UNAUTHENTICATED: not of this form, an unknown id, a wrong secret, or too
  // old. How long it takes does not tell an unknown id from a wrong secret, nor how much of a
  // secret was right.
  absl::StatusOr<Principal> Verify(std::string_view token, absl::Time now) const;

 private:
  struct Entry {
    std::string salt;
    Sha256Digest hash{};
    Principal principal;
    absl::Time expire_time;
  };

  absl::flat_hash_map<std::string, Entry> entries_;
};

}  // namespace genledger
