#include "service/http/prefer.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace genledger {
namespace {

std::optional<std::string> WaitIn(const HttpHeaders& headers) {
  return PreferenceOf({.headers = headers}, "wait");
}

TEST(PreferenceOf, ReadsEveryHeaderAndTakesTheFirstOfAName) {
  EXPECT_EQ(WaitIn({{"Prefer", "wait=5"}}), "5");
  EXPECT_EQ(WaitIn({{"prefer", "respond-async"}, {"Prefer", "x, Wait = 7 , wait=8"}}), "7");
  EXPECT_EQ(WaitIn({{"Prefer", "wait"}}), "");
  EXPECT_EQ(WaitIn({{"Prefer", "waiting=5, return=minimal"}}), std::nullopt);
  EXPECT_EQ(WaitIn({{"Accept", "wait=5"}}), std::nullopt);
}

TEST(PreferenceOf, UnderstandsQuotesAndParameters) {
  EXPECT_EQ(WaitIn({{"Prefer", "wait=\"5\""}}), "5");
  EXPECT_EQ(WaitIn({{"Prefer", "wait=5; x=y"}}), "5");
  EXPECT_EQ(WaitIn({{"Prefer", "x=\"a, wait=9; \\\" b\"; z=\",\", wait=5"}}), "5");
  EXPECT_EQ(WaitIn({{"Prefer", "wait=\"a\\\"b\""}}), "a\"b");
  EXPECT_EQ(WaitIn({{"Prefer", "wait=\""}}), "\"");
}

}  // namespace
}  // namespace genledger
