#include "service/http/json_value.h"

#include <gtest/gtest.h>

#include <string>

#include "service/base/error_details.h"
#include "service/base/texts.h"

namespace genledger {
namespace {

using Kind = JsonValue::Kind;

TEST(ParseJson, KeepsOrderNumbersAsWrittenAndRepeatedNames) {
  const JsonValue json =
      ParseJson(R"({"b": [1, -2, 8.50, 1e2, true, null], "a": "\u00e9", "b": {}})").value();
  ASSERT_EQ(json.members.size(), 3U);
  EXPECT_EQ(json.members[0].name, "b");
  const std::vector<JsonValue>& items = json.members[0].value.items;
  EXPECT_EQ(items[0].text, "1");
  EXPECT_EQ(items[1].text, "-2");
  EXPECT_EQ(items[2].text, "8.50");
  EXPECT_EQ(items[3].text, "1e2");
  EXPECT_TRUE(items[4].boolean);
  EXPECT_EQ(items[5].kind, Kind::kNull);
  EXPECT_EQ(json.members[1].value.text, "\xc3\xa9");
  EXPECT_EQ(json.members[2].value.kind, Kind::kObject);
}

TEST(ParseJson, TakesAnyOneValueAndWhiteSpaceAroundIt) {
  for (const char* text : {" 1 ", "\t\"a\"\n", "\r[]", "{}", "true", "null"}) {
    EXPECT_TRUE(ParseJson(text).ok()) << text;
  }
}

TEST(ParseJson, RefusesEverythingElse) {
  using namespace std::string_literals;  // NOLINT(google-build-using-namespace)
  for (const std::string& text : {""s,
                                  " "s,
                                  "{"s,
                                  "[1,]"s,
                                  "{} {}"s,
                                  "{}x"s,
                                  "{,}"s,
                                  "{\"a\" 1}"s,
                                  "{a: 1}"s,
                                  "'a'"s,
                                  "\"\n\""s,
                                  "\"\\x\""s,
                                  "\"\\ud800\""s,
                                  "01"s,
                                  "+1"s,
                                  ".5"s,
                                  "1."s,
                                  "NaN"s,
                                  "Infinity"s,
                                  "1e999"s,
                                  "-1e999"s,
                                  "// x\n1"s,
                                  "tru"s,
                                  "\"\xff\""s,
                                  "\"\xc0\xaf\""s,
                                  "\"\xed\xa0\x80\""s,
                                  "\xef\xbb\xbf{}"s,
                                  "{}\0"s,
                                  "1\0 2"s,
                                  "\"a\0b\""s}) {
    EXPECT_FALSE(ParseJson(text).ok()) << text;
  }
}

TEST(ParseJson, HasLimits) {
  const auto nested = [](int depth) {
    return std::string(static_cast<size_t>(depth), '[') +
           std::string(static_cast<size_t>(depth), ']');
  };
  EXPECT_TRUE(ParseJson(nested(kJsonDepthMax)).ok());
  EXPECT_FALSE(ParseJson(nested(kJsonDepthMax + 1)).ok());
  EXPECT_FALSE(ParseJson(nested(100'000)).ok());
  std::string values = "[0";
  for (size_t i = 2; i < kJsonValuesMax; ++i) {
    values += ",0";
  }
  EXPECT_TRUE(ParseJson(values + "]").ok());
  EXPECT_FALSE(ParseJson(values + ",0]").ok());
}

TEST(ParseJson, ANumberBeyondEveryTypeIsToldByItsField) {
  const auto field_of = [](const char* text) {
    return GetErrorDetails(ParseJson(text).status()).value().violations.at(0);
  };
  EXPECT_EQ(field_of(R"({"a":1,"b":{"c":[1,{"d":1e400}]}})").field, "b.c[1].d");
  EXPECT_EQ(field_of(R"({"a":[1,-1e400]})").field, "a[1]");
  EXPECT_EQ(field_of(R"({"a b":1e400})").field, "");
  EXPECT_EQ(field_of("1e400"), MakeViolation("", MakeText(TextId::kTypeIntegerRange)));
}

}  // namespace
}  // namespace genledger
