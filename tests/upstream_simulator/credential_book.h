// The API keys that the simulated upstream knows, and what each is worth.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace genledger {

inline constexpr std::string_view kDefaultApiKey = "sk-simulator";
inline constexpr size_t kFingerprintLength = 12;

// Not thread safe.
class CredentialBook {
 public:
  struct Credential {
    std::string_view key;     // points into the Authorization header; empty: none
    std::string fingerprint;  // empty: none
    int status = 401;         // 0: may submit; 401, 402 or 403: the answer
  };

  // Each entry is KEY, or KEY=402 or KEY=403 (any status from 400 to 599) for a key that is
  // refused. INVALID_ARGUMENT if an entry is empty or holds white space.
  static absl::StatusOr<CredentialBook> FromEntries(const std::vector<std::string>& entries);

  // Adds keys or changes what known ones are worth. INVALID_ARGUMENT as FromEntries().
  absl::Status Set(const std::vector<std::string>& entries);

  // Looks at the value of an Authorization header ("Bearer KEY").
  Credential Check(std::string_view authorization) const;

 private:
  struct Known {
    std::string fingerprint;
    int status = 0;
  };
  std::map<std::string, Known, std::less<>> known_;
};

}  // namespace genledger
