#include "clients/cpp/genledgerctl/new_token.h"

#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "clients/cpp/genledgerctl/arguments.h"

namespace genledger::ctl {
namespace {

constexpr size_t kIdBytesMax = 64;
constexpr size_t kTenantBytesMax = 128;
constexpr size_t kReadsMax = 64;
constexpr size_t kRandomIdBytes = 6;
constexpr size_t kSecretBytes = 32;
constexpr size_t kSaltBytes = 16;

bool IsId(const std::string& text) {
  return !text.empty() && text.size() <= kIdBytesMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
         });
}

bool IsTenant(absl::string_view text) {
  return !text.empty() && text.size() <= kTenantBytesMax && text != "-" &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return c > 0x20 && c < 0x7f && c != ','; });
}

bool AreTenants(const std::string& text) {
  const std::vector<absl::string_view> tenants = absl::StrSplit(text, ',');
  return tenants.size() <= kReadsMax && std::all_of(tenants.begin(), tenants.end(), IsTenant);
}

absl::Status Check(const TokenRequest& request) {
  if (!request.id.empty() && !IsId(request.id)) {
    return UsageError("--id must be 1 to 64 letters, digits, _ and -");
  }
  if (!IsTenant(request.tenant)) {
    return UsageError("--tenant is needed: 1 to 128 visible characters without a comma, and not -");
  }
  if (request.role != "caller" && request.role != "reader" && request.role != "operator") {
    return UsageError("--role is caller, reader or operator");
  }
  if (!request.reads.empty() && (request.role != "reader" || !AreTenants(request.reads))) {
    return UsageError("--reads names up to 64 tenants with commas between them, for --role=reader");
  }
  return absl::OkStatus();
}

// Empty: there is no randomness.
std::string RandomBytes(size_t count) {
  std::string bytes(count, '\0');
  const bool filled =
      RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) == 1;
  return filled ? bytes : std::string();
}

std::string Sha256Hex(const std::string& text) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return absl::BytesToHexString(digest);
}

}  // namespace

absl::StatusOr<NewToken> MakeToken(const TokenRequest& request) {
  if (absl::Status fault = Check(request); !fault.ok()) {
    return fault;
  }
  const std::string random_id = RandomBytes(kRandomIdBytes);
  const std::string salt = RandomBytes(kSaltBytes);
  const std::string random_secret = RandomBytes(kSecretBytes);
  if (random_id.empty() || salt.empty() || random_secret.empty()) {
    return absl::InternalError("this machine gives no random numbers");
  }
  const std::string id = request.id.empty() ? absl::BytesToHexString(random_id) : request.id;
  const std::string secret = absl::WebSafeBase64Escape(random_secret);
  NewToken made{.token = absl::StrCat(id, ".", secret),
                .line = absl::StrCat(id, " sha256:", absl::BytesToHexString(salt), ":",
                                     Sha256Hex(salt + secret), " tenant=", request.tenant,
                                     " role=", request.role)};
  if (!request.reads.empty()) {
    absl::StrAppend(&made.line, " reads=", request.reads);
  }
  if (request.expire_time != absl::InfiniteFuture()) {
    absl::StrAppend(
        &made.line, " expires=",
        absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", request.expire_time, absl::UTCTimeZone()));
  }
  return made;
}

}  // namespace genledger::ctl
