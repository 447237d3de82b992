#include "service/domain/utf8.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace genledger {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

constexpr std::array<Range, 10> kWhiteSpace = {{
    {0x0009, 0x000D},
    {0x0020, 0x0020},
    {0x0085, 0x0085},
    {0x00A0, 0x00A0},
    {0x1680, 0x1680},
    {0x2000, 0x200A},
    {0x2028, 0x2029},
    {0x202F, 0x202F},
    {0x205F, 0x205F},
    {0x3000, 0x3000},
}};

constexpr size_t CodePoints(const auto& ranges) {
  size_t count = 0;
  for (const Range& range : ranges) {
    count += range.last - range.first + 1;
  }
  return count;
}
static_assert(CodePoints(kWhiteSpace) == 25);

// General category Cf united with Default_Ignorable_Code_Point.
constexpr std::array<Range, 25> kFormat = {{
    {0x00AD, 0x00AD},   {0x034F, 0x034F},   {0x0600, 0x0605},   {0x061C, 0x061C},
    {0x06DD, 0x06DD},   {0x070F, 0x070F},   {0x0890, 0x0891},   {0x08E2, 0x08E2},
    {0x115F, 0x1160},   {0x17B4, 0x17B5},   {0x180B, 0x180F},   {0x200B, 0x200F},
    {0x202A, 0x202E},   {0x2060, 0x206F},   {0x3164, 0x3164},   {0xFE00, 0xFE0F},
    {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},   {0xFFF0, 0xFFFB},   {0x110BD, 0x110BD},
    {0x110CD, 0x110CD}, {0x13430, 0x1343F}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A},
    {0xE0000, 0xE0FFF},
}};

bool InRanges(const auto& ranges, char32_t code_point) {
  return std::any_of(ranges.begin(), ranges.end(), [code_point](const Range& range) {
    return range.first <= code_point && code_point <= range.last;
  });
}

// How many continuation bytes follow a lead byte, and what the smallest code point of that length
// is.
struct Lead {
  size_t continuation_bytes;
  char32_t bits;
  char32_t least;
};

Lead ReadLead(uint8_t byte) {
  if ((byte & 0xE0) == 0xC0) {
    return {1, byte & 0x1FU, 0x80};
  }
  if ((byte & 0xF0) == 0xE0) {
    return {2, byte & 0x0FU, 0x800};
  }
  if ((byte & 0xF8) == 0xF0) {
    return {3, byte & 0x07U, 0x10000};
  }
  return {0, 0, 0};
}

// The bytes of the White_Space character that `text` ends with; 0 if it ends with another.
size_t TrailingWhiteSpaceBytes(std::string_view text) {
  for (size_t bytes = 1; bytes <= 3 && bytes <= text.size(); ++bytes) {
    const Utf8Character last = FirstUtf8Character(text.substr(text.size() - bytes));
    if (last.bytes == bytes) {
      return IsWhiteSpace(last.code_point) ? bytes : 0;
    }
  }
  return 0;
}

}  // namespace

Utf8Character FirstUtf8Character(std::string_view text) {
  const auto first = static_cast<uint8_t>(text.front());
  if (first < 0x80) {
    return {first, 1};
  }
  const Lead lead = ReadLead(first);
  if (lead.continuation_bytes == 0 || text.size() <= lead.continuation_bytes) {
    return {};
  }
  char32_t code_point = lead.bits;
  for (size_t i = 1; i <= lead.continuation_bytes; ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if ((byte & 0xC0) != 0x80) {
      return {};
    }
    code_point = (code_point << 6) | (byte & 0x3FU);
  }
  const bool surrogate = 0xD800 <= code_point && code_point <= 0xDFFF;
  if (code_point < lead.least || code_point > 0x10FFFF || surrogate) {
    return {};
  }
  return {code_point, lead.continuation_bytes + 1};
}

bool IsValidUtf8(std::string_view text) {
  while (!text.empty()) {
    const Utf8Character next = FirstUtf8Character(text);
    if (next.bytes == 0) {
      return false;
    }
    text.remove_prefix(next.bytes);
  }
  return true;
}

bool IsControl(char32_t code_point) {
  return code_point < 0x20 || (0x7F <= code_point && code_point <= 0x9F);
}

bool IsWhiteSpace(char32_t code_point) { return InRanges(kWhiteSpace, code_point); }

bool IsInvisible(char32_t code_point) {
  return IsWhiteSpace(code_point) || InRanges(kFormat, code_point);
}

std::string_view TrimWhiteSpace(std::string_view text) {
  while (!text.empty()) {
    const Utf8Character first = FirstUtf8Character(text);
    if (first.bytes == 0 || !IsWhiteSpace(first.code_point)) {
      break;
    }
    text.remove_prefix(first.bytes);
  }
  while (const size_t bytes = TrailingWhiteSpaceBytes(text)) {
    text.remove_suffix(bytes);
  }
  return text;
}

bool IsPlainText(std::string_view text) {
  while (!text.empty()) {
    const Utf8Character next = FirstUtf8Character(text);
    if (next.bytes == 0 || IsControl(next.code_point)) {
      return false;
    }
    text.remove_prefix(next.bytes);
  }
  return true;
}

}  // namespace genledger
