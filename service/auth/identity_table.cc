#include "service/auth/identity_table.h"

#include <utility>

#include "absl/strings/match.h"
#include "service/auth/credential_lines.h"
#include "service/base/errors.h"
#include "service/base/status_macros.h"

namespace genledger {
namespace {

bool IsName(const std::string& text) {
  for (const char* kind : {"spiffe://", "dns:", "subject:"}) {
    if (absl::StartsWith(text, kind)) {
      return text.size() > std::string_view(kind).size();
    }
  }
  return false;
}

}  // namespace

absl::StatusOr<IdentityTable> IdentityTable::Parse(std::string_view text) {
  GL_ASSIGN_OR_RETURN(std::vector<CredentialLine> lines,
                      ParseCredentialLines(text, /*word_count=*/1));
  IdentityTable table;
  for (CredentialLine& line : lines) {
    const std::string& name = line.words[0];
    if (!IsName(name)) {
      return LineError(line.number, "the name must begin with spiffe://, dns: or subject:");
    }
    Identity identity{.principal = std::move(line.principal), .expire_time = line.expire_time};
    identity.principal.name = name;
    if (!table.identities_.emplace(name, std::move(identity)).second) {
      return LineError(line.number, "its name is on an earlier line");
    }
  }
  return table;
}

absl::StatusOr<Identity> IdentityTable::Find(const std::vector<std::string>& names,
                                             absl::Time now) const {
  const Identity* found = nullptr;
  for (const std::string& name : names) {
    const auto listed = identities_.find(name);
    if (listed == identities_.end() || &listed->second == found) {
      continue;
    }
    if (found != nullptr) {
      return errors::CredentialInvalid();
    }
    found = &listed->second;
  }
  if (found == nullptr) {
    return errors::CredentialInvalid();
  }
  return found->expire_time > now ? absl::StatusOr<Identity>(*found) : errors::CredentialExpired();
}

}  // namespace genledger
