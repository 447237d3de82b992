#include "clients/cpp/genledgerctl/text.h"

#include <gtest/gtest.h>

namespace genledger::ctl {
namespace {

TEST(TextTest, PrintableLeavesNothingThatDrivesATerminal) {
  EXPECT_EQ(Printable("plain 海豚 é 🐬 \\"), "plain 海豚 é 🐬 \\");
  EXPECT_EQ(Printable("\x1b[2J"), "\\x1b[2J");
  EXPECT_EQ(Printable("a\nb\rc\td"), "a\\nb\\rc\\td");
  EXPECT_EQ(Printable(std::string("\0\x7f", 2)), "\\x00\\x7f");
  EXPECT_EQ(Printable("\u009b31m"), "\\u009b31m");
  EXPECT_EQ(Printable("\u202eevil\u2066"), "\\u202eevil\\u2066");
  EXPECT_EQ(Printable("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(Printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");
  EXPECT_EQ(Printable("\xc0\xaf"), "\\xc0\\xaf");
}

TEST(TextTest, PrintableJsonStaysJson) {
  EXPECT_EQ(PrintableJson("{\n \"a\": \"\u009b\u202e\x7f海\"\n}"),
            "{\n \"a\": \"\\u009b\\u202e\\u007f海\"\n}");
  EXPECT_EQ(PrintableJson("\U000e0041"), "\\udb40\\udc41");
}

TEST(TextTest, WidthCountsColumns) {
  EXPECT_EQ(DisplayWidth(""), 0U);
  EXPECT_EQ(DisplayWidth("abc"), 3U);
  EXPECT_EQ(DisplayWidth("海豚"), 4U);
  EXPECT_EQ(DisplayWidth("ｆｕ"), 4U);
  EXPECT_EQ(DisplayWidth("한글"), 4U);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1U);
  EXPECT_EQ(DisplayWidth("🐬"), 2U);
  EXPECT_EQ(DisplayWidth("…"), 1U);
}

TEST(TextTest, ShortenNeverExceedsTheColumns) {
  EXPECT_EQ(Shorten("abc", 3), "abc");
  EXPECT_EQ(Shorten("abcd", 3), "ab…");
  EXPECT_EQ(Shorten("海豚在", 6), "海豚在");
  EXPECT_EQ(Shorten("海豚在跳", 6), "海豚…");
  const std::string long_text = "a海b豚c在d碧e蓝f";
  for (size_t columns = 1; columns < 20; ++columns) {
    EXPECT_LE(DisplayWidth(Shorten(long_text, columns)), columns);
  }
}

TEST(TextTest, Utf8IsCheckedStrictly) {
  EXPECT_TRUE(IsUtf8("海豚🐬"));
  for (const char* text :
       {"\xff", "\xc3", "\xe6\xb5", "\xed\xa0\x80", "\xc0\xaf", "\xf4\x90\x80\x80", "\x80"}) {
    EXPECT_FALSE(IsUtf8(text));
  }
}

}  // namespace
}  // namespace genledger::ctl
