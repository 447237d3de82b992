// The form that the tokens file and the identities file share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/base/principal.h"

namespace genledger {

// One line: a name, further words that the file asks for, and attributes in any order:
//   tenant=NAME     whose submissions these are: 1 to 128 visible ASCII characters without a comma,
//                   not "-"; needed
//   role=ROLE       caller (the default), reader or operator
//   reads=A,B,…     other tenants that a reader may read, at most 64
//   expires=TIME    RFC 3339; the credential is refused from then on
struct CredentialLine {
  int number = 0;                  // from 1
  std::vector<std::string> words;  // before the attributes
  Principal principal;             // its name is left empty
  absl::Time expire_time = absl::InfiniteFuture();
};

// Reads lines of `word_count` words and attributes, separated by blanks; empty lines and those that
// begin with # are skipped. INVALID_ARGUMENT with one line that names the first line at fault and
// never its text, which may be a secret.
absl::StatusOr<std::vector<CredentialLine>> ParseCredentialLines(std::string_view text,
                                                                 size_t word_count);

// The error of a line: "line 3: …".
absl::Status LineError(int number, std::string_view what);

}  // namespace genledger
