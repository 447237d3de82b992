#include "service/auth/token_table.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "service/auth/credential_lines.h"
#include "service/base/errors.h"
#include "service/base/status_macros.h"

namespace genledger {
namespace {

constexpr size_t kIdBytesMax = 64;
constexpr size_t kSecretBytesMax = 128;
constexpr size_t kSaltBytes = 16;
constexpr char kScheme[] = "sha256";

bool IsId(std::string_view text) {
  return !text.empty() && text.size() <= kIdBytesMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
         });
}

std::optional<std::string> BytesOfHex(absl::string_view hex, size_t byte_count) {
  const bool is_hex = std::all_of(hex.begin(), hex.end(), [](char c) {
    return absl::ascii_isxdigit(static_cast<unsigned char>(c));
  });
  return is_hex && hex.size() == 2 * byte_count
             ? std::optional<std::string>(absl::HexStringToBytes(hex))
             : std::nullopt;
}

}  // namespace

absl::StatusOr<TokenTable> TokenTable::Parse(std::string_view text) {
  GL_ASSIGN_OR_RETURN(std::vector<CredentialLine> lines,
                      ParseCredentialLines(text, /*word_count=*/2));
  TokenTable table;
  for (CredentialLine& line : lines) {
    const std::string& id = line.words[0];
    if (!IsId(id)) {
      return LineError(line.number, "the id must be 1 to 64 letters, digits, _ and -");
    }
    const std::vector<std::string> parts = absl::StrSplit(line.words[1], ':');
    Entry entry{.expire_time = line.expire_time};
    std::optional<std::string> salt;
    std::optional<std::string> hash;
    if (parts.size() == 3 && parts[0] == kScheme) {
      salt = BytesOfHex(parts[1], kSaltBytes);
      hash = BytesOfHex(parts[2], entry.hash.size());
    }
    if (!salt.has_value() || !hash.has_value()) {
      return LineError(line.number, "the hash must be sha256:SALT:HASH in hexadecimal digits");
    }
    entry.salt = *std::move(salt);
    std::copy(hash->begin(), hash->end(), entry.hash.begin());
    entry.principal = std::move(line.principal);
    entry.principal.name = absl::StrCat("token:", id);
    if (!table.entries_.emplace(id, std::move(entry)).second) {
      return LineError(line.number, "its id is on an earlier line");
    }
  }
  return table;
}

absl::StatusOr<Principal> TokenTable::Verify(std::string_view token, absl::Time now) const {
  // An unknown id is compared with something too, so that it takes as long as a known one.
  static const Entry* const nobody = new Entry{.salt = std::string(kSaltBytes, '\0')};
  const size_t dot = token.find('.');
  if (dot == std::string_view::npos || dot > kIdBytesMax ||
      token.size() - dot - 1 > kSecretBytesMax) {
    return errors::CredentialInvalid();
  }
  const auto found = entries_.find(absl::string_view(token.data(), dot));
  const Entry& entry = found == entries_.end() ? *nobody : found->second;
  const Sha256Digest digest = Sha256({entry.salt, token.substr(dot + 1)});
  const bool matches = CRYPTO_memcmp(digest.data(), entry.hash.data(), digest.size()) == 0;
  if (!matches || found == entries_.end()) {
    return errors::CredentialInvalid();
  }
  return entry.expire_time > now ? absl::StatusOr<Principal>(entry.principal)
                                 : errors::CredentialExpired();
}

}  // namespace genledger
