#include "service/dispatch/page_token.h"

#include <openssl/sha.h>

#include <array>
#include <cstdint>

#include "absl/strings/escaping.h"
#include "absl/time/time.h"
#include "service/base/error_details.h"
#include "service/base/errors.h"
#include "service/base/texts.h"

namespace genledger {
namespace {

// A token: the version, a digest, update_time as 8 bytes of microseconds, big-endian, and the id.
constexpr char kVersion = '2';
constexpr size_t kDigestBytes = 8;
constexpr size_t kTimeBytes = 8;
constexpr size_t kTokenCharactersMax = 128;

// Over the scope and the position: no secret, a token gives no access of its own, and the tenant is
// checked on every call. It only stops a token of one list, or a damaged one, from being used by
// mistake.
std::string Digest(const PageScope& scope, std::string_view position) {
  std::string text;
  for (const std::string_view part : {scope.tenant, scope.filter, scope.order_by, position}) {
    text += std::to_string(part.size());
    text += ':';
    text += part;
  }
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return std::string(digest.begin(), digest.begin() + kDigestBytes);
}

std::string EncodeTime(absl::Time time) {
  const auto micros = static_cast<uint64_t>(absl::ToUnixMicros(time));
  std::string bytes;
  for (size_t i = kTimeBytes; i-- > 0;) {
    bytes += static_cast<char>(micros >> (8 * i));
  }
  return bytes;
}

// InfinitePast and InfiniteFuture saturate on the way in and come back as themselves.
absl::Time DecodeTime(std::string_view bytes) {
  uint64_t micros = 0;
  for (const char byte : bytes) {
    micros = (micros << 8) | static_cast<uint8_t>(byte);
  }
  const auto signed_micros = static_cast<int64_t>(micros);
  if (signed_micros == INT64_MIN) {
    return absl::InfinitePast();
  }
  return signed_micros == INT64_MAX ? absl::InfiniteFuture() : absl::FromUnixMicros(signed_micros);
}

}  // namespace

std::string MakePageToken(const PageScope& scope, const ListPosition& after) {
  const std::string position = EncodeTime(after.update_time) + after.id.value();
  return absl::WebSafeBase64Escape(kVersion + Digest(scope, position) + position);
}

absl::StatusOr<ListPosition> ReadPageToken(const PageScope& scope, std::string_view token) {
  constexpr size_t kHead = 1 + kDigestBytes;
  std::string bytes;
  if (token.size() <= kTokenCharactersMax &&
      absl::WebSafeBase64Unescape({token.data(), token.size()}, &bytes) &&
      bytes.size() > kHead + kTimeBytes && bytes.front() == kVersion) {
    const std::string_view position = std::string_view(bytes).substr(kHead);
    const std::string_view id = position.substr(kTimeBytes);
    if (bytes.compare(1, kDigestBytes, Digest(scope, position)) == 0 && IsSubmissionId(id)) {
      return ListPosition{.id = SubmissionId(std::string(id)),
                          .update_time = DecodeTime(position.substr(0, kTimeBytes))};
    }
  }
  return errors::FieldInvalid({MakeViolation("page_token", MakeText(TextId::kPageToken))});
}

}  // namespace genledger
