#include "service/dispatch/page_token.h"

#include <openssl/sha.h>

#include <array>

#include "absl/strings/escaping.h"
#include "service/base/errors.h"

namespace genledger {
namespace {

constexpr char kVersion = '1';
constexpr size_t kScopeBytes = 8;

// A digest, not a secret: a token gives no access of its own, the tenant is checked on every call.
// It only stops a token of one list from being used by mistake with another.
std::string ScopeDigest(const PageScope& scope) {
  std::string text;
  for (const std::string_view part : {scope.tenant, scope.filter, scope.order_by}) {
    text += std::to_string(part.size());
    text += ':';
    text += part;
  }
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return std::string(digest.begin(), digest.begin() + kScopeBytes);
}

}  // namespace

std::string MakePageToken(const PageScope& scope, const SubmissionId& after) {
  std::string token(1, kVersion);
  token += ScopeDigest(scope);
  token += after.value();
  return absl::WebSafeBase64Escape(token);
}

absl::StatusOr<SubmissionId> ReadPageToken(const PageScope& scope, std::string_view token) {
  std::string bytes;
  if (absl::WebSafeBase64Unescape({token.data(), token.size()}, &bytes) &&
      bytes.size() > 1 + kScopeBytes && bytes.front() == kVersion &&
      bytes.compare(1, kScopeBytes, ScopeDigest(scope)) == 0 &&
      IsSubmissionId(std::string_view(bytes).substr(1 + kScopeBytes))) {
    return SubmissionId(bytes.substr(1 + kScopeBytes));
  }
  return errors::FieldInvalid(
      {{.field = "page_token",
        .description = "is not a token of this list: send next_page_token back with the same "
                       "tenant, filter and order_by"}});
}

}  // namespace genledger
