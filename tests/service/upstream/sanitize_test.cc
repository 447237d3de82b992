#include "service/upstream/sanitize.h"

#include <gtest/gtest.h>

#include <string>

#include "service/base/random_source.h"

namespace genledger {
namespace {

TEST(SanitizeTest, StripsMarkup) {
  EXPECT_EQ(SanitizeUpstreamMessage("<html><head><style>p{a:b}</style><script>x<1</script></head>"
                                    "<!-- c --><p>502  Bad\nGateway</p></html>"),
            "502 Bad Gateway");
  EXPECT_EQ(SanitizeUpstreamMessage("1 < 2 and 3 > 2"), "1 < 2 and 3 > 2");
  EXPECT_EQ(SanitizeUpstreamMessage("cut <a href="), "cut");
}

TEST(SanitizeTest, RemovesControlsAndRepairsUtf8) {
  EXPECT_EQ(SanitizeUpstreamMessage(std::string("a\0b\x1b[1m\x7f\xC2\x85z", 11)), "ab[1mz");
  EXPECT_EQ(SanitizeUpstreamMessage("a\xFFz\xE6\xB5"), "a\uFFFDz\uFFFD\uFFFD");
  EXPECT_EQ(SanitizeUpstreamMessage("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");  // a surrogate
}

TEST(SanitizeTest, RedactsSecrets) {
  EXPECT_EQ(SanitizeUpstreamMessage("Authorization: bearer abc.def-1 rejected"),
            "Authorization: bearer [redacted] rejected");
  EXPECT_EQ(SanitizeUpstreamMessage("key sk-abc123DEF, no"), "key sk-[redacted], no");
  EXPECT_EQ(SanitizeUpstreamMessage("key sk-<b>abc123</b>"), "key sk- abc123");
  EXPECT_EQ(SanitizeUpstreamMessage("Bearer\nabc"), "Bearer [redacted]");
  EXPECT_EQ(SanitizeUpstreamMessage("task-unified-1700000000-abcd"),
            "task-unified-1700000000-abcd");
  EXPECT_EQ(SanitizeUpstreamMessage("echo: topsecret!", "topsecret"), "echo: [redacted]!");
}

TEST(SanitizeTest, CutsWithoutBreakingACharacter) {
  std::string text;
  for (int i = 0; i < 400; ++i) {
    text += "海";
  }
  EXPECT_EQ(SanitizeUpstreamMessage(text).size(), 510U);
  EXPECT_EQ(SanitizeUpstreamToken(text).size(), 126U);
}

TEST(SanitizeTest, AnyBytesGiveShortValidText) {
  constexpr uint64_t kSeed = 7;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  const auto random = NewSeededRandomSource(kSeed);
  for (int i = 0; i < 3000; ++i) {
    std::string bytes;
    for (uint64_t length = random->Next64() % 800; length > 0; --length) {
      bytes += static_cast<char>(random->Next64());
    }
    const std::string text = SanitizeUpstreamMessage(bytes);
    ASSERT_LE(text.size(), kUpstreamMessageBytesMax);
    ASSERT_EQ(ReplaceInvalidUtf8(text), text);
  }
}

}  // namespace
}  // namespace genledger
