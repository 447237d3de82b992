#include "clients/cpp/genledgerctl/text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>

namespace genledger::ctl {
namespace {

constexpr char32_t kInvalid = 0xffffffff;

// One character at the front of `text`; kInvalid with one byte where it is no UTF-8.
struct Decoded {
  char32_t code = kInvalid;
  size_t bytes = 1;
};

Decoded DecodeFirst(std::string_view text) {
  const auto byte = [text](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) {
    return {.code = lead, .bytes = 1};
  }
  const size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) {
    return {};
  }
  char32_t code = lead & (0x7f >> bytes);
  for (size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80) {
      return {};
    }
    code = (code << 6) | (byte(i) & 0x3f);
  }
  constexpr std::array<char32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kSmallest[bytes] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
    return {};
  }
  return {.code = code, .bytes = bytes};
}

struct Range {
  char32_t first;
  char32_t last;
};

// Beyond C0: DEL and C1, soft hyphen aside; marks, separators and embeddings that reorder or break
// lines; invisible operators; the byte order mark; interlinear marks; tags.
constexpr Range kDangerous[] = {{0x7f, 0x9f},     {0x61c, 0x61c},    {0x200e, 0x200f},
                                {0x2028, 0x202e}, {0x2066, 0x206f},  {0xfeff, 0xfeff},
                                {0xfff9, 0xfffb}, {0xe0000, 0xe007f}};

// Unicode 15, East_Asian_Width W and F, in blocks.
constexpr Range kWide[] = {
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x2329, 0x232a},   {0x23e9, 0x23ec},
    {0x23f0, 0x23f0},   {0x23f3, 0x23f3},   {0x25fd, 0x25fe},   {0x2614, 0x2615},
    {0x2648, 0x2653},   {0x267f, 0x267f},   {0x2693, 0x2693},   {0x26a1, 0x26a1},
    {0x26aa, 0x26ab},   {0x26bd, 0x26be},   {0x26c4, 0x26c5},   {0x26ce, 0x26ce},
    {0x26d4, 0x26d4},   {0x26ea, 0x26ea},   {0x26f2, 0x26f3},   {0x26f5, 0x26f5},
    {0x26fa, 0x26fa},   {0x26fd, 0x26fd},   {0x2705, 0x2705},   {0x270a, 0x270b},
    {0x2728, 0x2728},   {0x274c, 0x274c},   {0x274e, 0x274e},   {0x2753, 0x2755},
    {0x2757, 0x2757},   {0x2795, 0x2797},   {0x27b0, 0x27b0},   {0x27bf, 0x27bf},
    {0x2b1b, 0x2b1c},   {0x2b50, 0x2b50},   {0x2b55, 0x2b55},   {0x2e80, 0x303e},
    {0x3041, 0x33ff},   {0x3400, 0x4dbf},   {0x4e00, 0xa4c6},   {0xa960, 0xa97c},
    {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe10, 0xfe19},   {0xfe30, 0xfe6b},
    {0xff01, 0xff60},   {0xffe0, 0xffe6},   {0x16fe0, 0x18cff}, {0x1aff0, 0x1b2ff},
    {0x1f004, 0x1f004}, {0x1f0cf, 0x1f0cf}, {0x1f18e, 0x1f18e}, {0x1f191, 0x1f19a},
    {0x1f200, 0x1f320}, {0x1f32d, 0x1f335}, {0x1f337, 0x1f37c}, {0x1f37e, 0x1f393},
    {0x1f3a0, 0x1f3ca}, {0x1f3cf, 0x1f3d3}, {0x1f3e0, 0x1f3f0}, {0x1f3f4, 0x1f3f4},
    {0x1f3f8, 0x1f43e}, {0x1f440, 0x1f440}, {0x1f442, 0x1f4fc}, {0x1f4ff, 0x1f53d},
    {0x1f54b, 0x1f54e}, {0x1f550, 0x1f567}, {0x1f57a, 0x1f57a}, {0x1f595, 0x1f596},
    {0x1f5a4, 0x1f5a4}, {0x1f5fb, 0x1f64f}, {0x1f680, 0x1f6c5}, {0x1f6cc, 0x1f6cc},
    {0x1f6d0, 0x1f6d2}, {0x1f6d5, 0x1f6df}, {0x1f6eb, 0x1f6ec}, {0x1f6f4, 0x1f6fc},
    {0x1f7e0, 0x1f7f0}, {0x1f90c, 0x1f93a}, {0x1f93c, 0x1f945}, {0x1f947, 0x1f9ff},
    {0x1fa70, 0x1faff}, {0x20000, 0x3fffd}};

// Combining marks, joiners and selectors of the scripts that prompts are written in.
constexpr Range kZero[] = {
    {0x300, 0x36f},   {0x483, 0x489},   {0x591, 0x5bd},   {0x610, 0x61a},   {0x64b, 0x65f},
    {0x670, 0x670},   {0x6d6, 0x6dc},   {0x900, 0x902},   {0x93c, 0x93c},   {0x941, 0x948},
    {0x94d, 0x94d},   {0xe31, 0xe31},   {0xe34, 0xe3a},   {0xe47, 0xe4e},   {0x1160, 0x11ff},
    {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200d}, {0x2060, 0x2064}, {0x20d0, 0x20ff},
    {0x302a, 0x302d}, {0x3099, 0x309a}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xe0100, 0xe01ef}};

template <size_t kSize>
bool Contains(const Range (&ranges)[kSize], char32_t code) {
  const Range* const found =
      std::upper_bound(std::begin(ranges), std::end(ranges), code,
                       [](char32_t wanted, const Range& range) { return wanted < range.first; });
  return found != std::begin(ranges) && code <= std::prev(found)->last;
}

size_t WidthOf(char32_t code) {
  if (code < 0x300) {
    return 1;
  }
  return Contains(kZero, code) ? 0 : Contains(kWide, code) ? 2 : 1;
}

std::string Hex(char32_t value, int digits) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) {
    text += kDigits[(value >> shift) & 15];
  }
  return text;
}

// As JSON writes it: two units beyond the first plane.
std::string UnicodeEscape(char32_t code) {
  if (code > 0xffff) {
    const char32_t rest = code - 0x10000;
    return "\\u" + Hex(0xd800 + (rest >> 10), 4) + "\\u" + Hex(0xdc00 + (rest & 0x3ff), 4);
  }
  return "\\u" + Hex(code, 4);
}

std::string EscapeControl(char32_t code) {
  switch (code) {
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return code < 0x80 ? "\\x" + Hex(code, 2) : UnicodeEscape(code);
  }
}

}  // namespace

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const Decoded next = DecodeFirst(text);
    if (next.code == kInvalid) {
      return false;
    }
    text.remove_prefix(next.bytes);
  }
  return true;
}

std::string Printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Decoded next = DecodeFirst(text);
    if (next.code == kInvalid) {
      out += "\\x" + Hex(static_cast<uint8_t>(text.front()), 2);
    } else if (next.code < ' ' || Contains(kDangerous, next.code)) {
      out += EscapeControl(next.code);
    } else {
      out += text.substr(0, next.bytes);
    }
    text.remove_prefix(next.bytes);
  }
  return out;
}

std::string PrintableJson(std::string_view json) {
  std::string out;
  while (!json.empty()) {
    const Decoded next = DecodeFirst(json);
    if (next.code == kInvalid) {
      out += "\\ufffd";
    } else if ((next.code < ' ' && next.code != '\n') || Contains(kDangerous, next.code)) {
      out += UnicodeEscape(next.code);
    } else {
      out += json.substr(0, next.bytes);
    }
    json.remove_prefix(next.bytes);
  }
  return out;
}

size_t DisplayWidth(std::string_view text) {
  size_t columns = 0;
  while (!text.empty()) {
    const Decoded next = DecodeFirst(text);
    columns += next.code == kInvalid ? 1 : WidthOf(next.code);
    text.remove_prefix(next.bytes);
  }
  return columns;
}

std::string Shorten(std::string_view text, size_t columns) {
  if (DisplayWidth(text) <= columns) {
    return std::string(text);
  }
  std::string out;
  size_t used = 1;  // the ellipsis
  while (!text.empty()) {
    const Decoded next = DecodeFirst(text);
    used += next.code == kInvalid ? 1 : WidthOf(next.code);
    if (used > columns) {
      break;
    }
    out += text.substr(0, next.bytes);
    text.remove_prefix(next.bytes);
  }
  return out + "…";
}

}  // namespace genledger::ctl
