#include "storage/column_codec.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace genledger {
namespace {

constexpr std::string_view kCrockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr int kDigitBits = 5;
constexpr int64_t kInfiniteFuture = std::numeric_limits<int64_t>::max();

// The value of each character; 0xff for what is no digit.
constexpr std::array<uint8_t, 256> MakeDigitValues() {
  std::array<uint8_t, 256> values{};
  for (uint8_t& value : values) {
    value = 0xff;
  }
  for (size_t i = 0; i < kCrockford.size(); ++i) {
    values[static_cast<uint8_t>(kCrockford[i])] = static_cast<uint8_t>(i);
  }
  return values;
}
constexpr std::array<uint8_t, 256> kDigitValues = MakeDigitValues();

void AppendVarint(std::string& out, uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

// Takes a varint off the front.
std::optional<uint64_t> TakeVarint(std::string_view& bytes) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) {
      return value;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<UlidBytes> EncodeId(const SubmissionId& id) {
  const std::string_view text = id.value();
  if (text.size() != kSubmissionIdPrefix.size() + kUlidLength ||
      text.substr(0, kSubmissionIdPrefix.size()) != kSubmissionIdPrefix) {
    return std::nullopt;
  }
  const std::string_view digits = text.substr(kSubmissionIdPrefix.size());
  if (digits.front() > '7') {
    return std::nullopt;  // more than 128 bits
  }
  unsigned __int128 value = 0;
  for (const char c : digits) {
    const uint8_t digit = kDigitValues[static_cast<uint8_t>(c)];
    if (digit == 0xff) {
      return std::nullopt;
    }
    value = (value << kDigitBits) | digit;
  }
  UlidBytes bytes{};
  for (size_t i = bytes.size(); i-- > 0;) {
    bytes[i] = static_cast<uint8_t>(value);
    value >>= 8;
  }
  return bytes;
}

SubmissionId DecodeId(const UlidBytes& bytes) {
  unsigned __int128 value = 0;
  for (const uint8_t byte : bytes) {
    value = (value << 8) | byte;
  }
  std::string text(kSubmissionIdPrefix.size() + kUlidLength, '0');
  std::copy(kSubmissionIdPrefix.begin(), kSubmissionIdPrefix.end(), text.begin());
  for (size_t i = text.size(); i-- > kSubmissionIdPrefix.size();) {
    text[i] = kCrockford[static_cast<size_t>(value & 31)];
    value >>= kDigitBits;
  }
  return SubmissionId(std::move(text));
}

int64_t EncodeTime(absl::Time time) {
  if (time == absl::InfinitePast()) {
    return 0;
  }
  return time == absl::InfiniteFuture() ? kInfiniteFuture : absl::ToUnixMicros(time);
}

absl::Time DecodeTime(int64_t micros) {
  if (micros == 0) {
    return absl::InfinitePast();
  }
  return micros == kInfiniteFuture ? absl::InfiniteFuture() : absl::FromUnixMicros(micros);
}

std::string EncodeStrings(const std::vector<std::string_view>& strings) {
  std::string out;
  for (const std::string_view text : strings) {
    AppendVarint(out, text.size());
    out.append(text);
  }
  return out;
}

std::optional<std::vector<std::string>> DecodeStrings(std::string_view bytes) {
  std::vector<std::string> strings;
  while (!bytes.empty()) {
    const std::optional<uint64_t> length = TakeVarint(bytes);
    if (!length.has_value() || *length > bytes.size()) {
      return std::nullopt;
    }
    strings.emplace_back(bytes.substr(0, *length));
    bytes.remove_prefix(*length);
  }
  return strings;
}

std::string EncodeLabels(const std::map<std::string, std::string>& labels) {
  std::vector<std::string_view> strings;
  strings.reserve(labels.size() * 2);
  for (const auto& [key, value] : labels) {
    strings.push_back(key);
    strings.push_back(value);
  }
  return EncodeStrings(strings);
}

std::optional<std::map<std::string, std::string>> DecodeLabels(std::string_view bytes) {
  std::map<std::string, std::string> labels;
  if (bytes.empty()) {
    return labels;
  }
  std::optional<std::vector<std::string>> strings = DecodeStrings(bytes);
  if (!strings.has_value() || strings->size() % 2 != 0) {
    return std::nullopt;
  }
  for (size_t i = 0; i < strings->size(); i += 2) {
    labels.emplace(std::move((*strings)[i]), std::move((*strings)[i + 1]));
  }
  return labels;
}

std::string EncodeTaskIds(const std::vector<TaskId>& task_ids) {
  std::vector<std::string_view> strings;
  strings.reserve(task_ids.size());
  for (const TaskId& task_id : task_ids) {
    strings.push_back(task_id.value());
  }
  return EncodeStrings(strings);
}

std::optional<std::vector<TaskId>> DecodeTaskIds(std::string_view bytes) {
  std::optional<std::vector<std::string>> strings = DecodeStrings(bytes);
  if (!strings.has_value()) {
    return std::nullopt;
  }
  std::vector<TaskId> task_ids;
  task_ids.reserve(strings->size());
  for (std::string& text : *strings) {
    task_ids.emplace_back(std::move(text));
  }
  return task_ids;
}

}  // namespace genledger
