#include "service/domain/utf8.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace genledger {
namespace {

// The plain definition, to compare with.
std::string Encode(char32_t c) {
  std::string out;
  const auto put = [&out](char32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | (c >> 6));
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | (c >> 12));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | (c >> 18));
    put(0x80 | ((c >> 12) & 0x3F));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  }
  return out;
}

TEST(FirstUtf8Character, ReadsEveryCodePointButSurrogates) {
  for (char32_t c = 0; c <= 0x110000; ++c) {
    const std::string text = Encode(c);
    const Utf8Character first = FirstUtf8Character(text);
    if ((0xD800 <= c && c <= 0xDFFF) || c > 0x10FFFF) {
      ASSERT_EQ(first.bytes, 0U) << static_cast<uint32_t>(c);
    } else {
      ASSERT_EQ(first.bytes, text.size()) << static_cast<uint32_t>(c);
      ASSERT_EQ(first.code_point, c);
    }
  }
}

TEST(FirstUtf8Character, RefusesStrayTruncatedAndOverlongForms) {
  for (const char* text :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf",
        "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xfe", "\xff", "\xc2", "\xe2\x82",
        "\xf0\x9f\x98", "\xc2\x41", "\xe2\x82\x41"}) {
    EXPECT_EQ(FirstUtf8Character(text).bytes, 0U);
  }
}

TEST(TrimWhiteSpace, KnowsAllTwentyFiveCodePoints) {
  int trimmed = 0;
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (0xD800 <= c && c <= 0xDFFF) {
      continue;
    }
    const std::string space = Encode(c);
    if (TrimWhiteSpace(absl::StrCat(space, "x y", space, space)) == "x y") {
      ++trimmed;
      EXPECT_TRUE(IsWhiteSpace(c));
      EXPECT_TRUE(TrimWhiteSpace(space).empty());
    }
  }
  EXPECT_EQ(trimmed, 25);
}

TEST(TrimWhiteSpace, StopsAtBytesThatAreNotUtf8) {
  EXPECT_EQ(TrimWhiteSpace(" \xff "), "\xff");
  EXPECT_EQ(TrimWhiteSpace("\x80 "), "\x80");
  EXPECT_EQ(TrimWhiteSpace("\xe3\x80"), "\xe3\x80");
  // The last byte of U+3000 alone is no white space.
  EXPECT_EQ(TrimWhiteSpace("a\x80"), "a\x80");
}

TEST(IsInvisible, SeesThroughFormatsAndKeepsLettersAndEmoji) {
  for (const char32_t c : {U'\u200B', U'\uFEFF', U'\u00AD', U'\u2060', U'\u3164', U'\U000E0041'}) {
    EXPECT_TRUE(IsInvisible(c)) << static_cast<uint32_t>(c);
  }
  for (const char32_t c : {U'a', U'\u6D77', U'\U0001F600', U'\u0301', U'\u2800', U'.'}) {
    EXPECT_FALSE(IsInvisible(c)) << static_cast<uint32_t>(c);
  }
}

TEST(IsPlainText, RefusesControlsOfBothSets) {
  EXPECT_TRUE(IsPlainText(""));
  EXPECT_TRUE(IsPlainText("naïve 海"));
  for (const char* text : {"a\n", "\t", "\x7f", "\xc2\x80", "\xc2\x9f", "\xff"}) {
    EXPECT_FALSE(IsPlainText(text));
  }
}

}  // namespace
}  // namespace genledger
