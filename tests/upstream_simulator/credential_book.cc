#include "tests/upstream_simulator/credential_book.h"

#include <algorithm>
#include <cctype>

#include "service/base/status_macros.h"
#include "tests/upstream_simulator/sha256.h"

namespace genledger {
namespace {

// The status after the last '=' of an entry; 0 if there is none.
int StatusSuffix(std::string_view entry) {
  if (entry.size() < 4 || entry[entry.size() - 4] != '=' ||
      (entry[entry.size() - 3] != '4' && entry[entry.size() - 3] != '5')) {
    return 0;
  }
  int status = 0;
  for (const char c : entry.substr(entry.size() - 3)) {
    if (c < '0' || c > '9') {
      return 0;
    }
    status = status * 10 + (c - '0');
  }
  return status;
}

bool IsSpace(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

}  // namespace

absl::StatusOr<CredentialBook> CredentialBook::FromEntries(
    const std::vector<std::string>& entries) {
  CredentialBook book;
  GL_RETURN_IF_ERROR(book.Set(entries));
  return book;
}

absl::Status CredentialBook::Set(const std::vector<std::string>& entries) {
  for (const std::string& entry : entries) {
    const int status = StatusSuffix(entry);
    const std::string key = status == 0 ? entry : entry.substr(0, entry.size() - 4);
    if (key.empty() || std::any_of(key.begin(), key.end(), IsSpace)) {
      return absl::InvalidArgumentError("an API key is empty or holds white space");
    }
    known_[key] = {.fingerprint = Sha256Hex(key).substr(0, kFingerprintLength), .status = status};
  }
  return absl::OkStatus();
}

CredentialBook::Credential CredentialBook::Check(std::string_view authorization) const {
  constexpr std::string_view kScheme = "Bearer ";
  Credential credential;
  if (!authorization.starts_with(kScheme) || authorization.size() == kScheme.size()) {
    return credential;
  }
  credential.key = authorization.substr(kScheme.size());
  const auto it = known_.find(credential.key);
  if (it == known_.end()) {
    credential.fingerprint = Sha256Hex(credential.key).substr(0, kFingerprintLength);
    return credential;
  }
  credential.fingerprint = it->second.fingerprint;
  credential.status = it->second.status;
  return credential;
}

}  // namespace genledger
