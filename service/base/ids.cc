#include "service/base/ids.h"

#include <algorithm>
#include <cstddef>

namespace genledger {
namespace {

constexpr std::string_view kCrockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

// 128 bits as 26 digits of 5 bits; the first digit holds the top 3.
std::string EncodeUlid(uint64_t ms, uint16_t random_high, uint64_t random_low) {
  const uint64_t high = (ms << 16) | random_high;
  std::string text(kUlidLength, '0');
  unsigned __int128 value = (static_cast<unsigned __int128>(high) << 64) | random_low;
  for (size_t i = kUlidLength; i-- > 0;) {
    text[i] = kCrockford[static_cast<size_t>(value & 31)];
    value >>= 5;
  }
  return text;
}

}  // namespace

bool IsSubmissionId(std::string_view text) {
  if (text.size() != kSubmissionIdPrefix.size() + kUlidLength ||
      text.substr(0, kSubmissionIdPrefix.size()) != kSubmissionIdPrefix) {
    return false;
  }
  text.remove_prefix(kSubmissionIdPrefix.size());
  return text.front() <= '7' && std::all_of(text.begin(), text.end(), [](char c) {
           return kCrockford.find(c) != std::string_view::npos;
         });
}

SubmissionId SubmissionIdGenerator::Next(absl::Time now) {
  const int64_t now_ms = absl::ToUnixMillis(now);
  absl::MutexLock lock(&mu_);
  if (now_ms > 0 && static_cast<uint64_t>(now_ms) > last_ms_) {
    last_ms_ = static_cast<uint64_t>(now_ms) & ((uint64_t{1} << 48) - 1);
    const uint64_t bits = random_->Next64();
    random_high_ = static_cast<uint16_t>(bits);
    random_low_ = random_->Next64();
  } else if (++random_low_ == 0 && ++random_high_ == 0) {
    ++last_ms_;
  }
  std::string id(kSubmissionIdPrefix);
  id += EncodeUlid(last_ms_, random_high_, random_low_);
  return SubmissionId(std::move(id));
}

}  // namespace genledger
