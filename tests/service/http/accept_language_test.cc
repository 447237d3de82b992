#include "service/http/accept_language.h"

#include <gtest/gtest.h>

namespace genledger {
namespace {

TEST(LanguageOf, FollowsQValuesAndThenTheOrder) {
  for (const char* header :
       {"zh", "zh-CN", "ZH-Hant-TW", "zh-CN,zh;q=0.9,en;q=0.8", "fr, zh;q=0.1", "en;q=0.5, zh",
        "en;q=0, zh;q=0.1", "zh, en", "de, zh-CN;q=0.5, *;q=0.1", " zh-CN ; q=0.9 , en;q=0.8"}) {
    EXPECT_EQ(LanguageOf(header), Language::kChinese) << header;
  }
  for (const char* header :
       {"", "en", "en-US,en;q=0.9", "fr", "en, zh", "zh;q=0.5, en;q=0.6", "zh;q=0", "zhx", "*",
        "zh;q=2", "zh;q=x", "zh;q=", ";", ",,,", "zh_CN", "*, zh;q=0.9"}) {
    EXPECT_EQ(LanguageOf(header), Language::kEnglish) << header;
  }
}

}  // namespace
}  // namespace genledger
