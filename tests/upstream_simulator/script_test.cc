#include "tests/upstream_simulator/script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace genledger {
namespace {

using ::testing::HasSubstr;

TEST(ScriptTest, ArrayLinesAndOneRuleAreAllScripts) {
  const std::string rule = R"({"when":{"count":2},"do":"reset","at":"half"})";
  for (const std::string& text :
       {"[" + rule + "]", rule, "# a comment\n\n" + rule + "\n", rule + "\n# the end"}) {
    const absl::StatusOr<std::vector<Rule>> rules = ParseScript(text);
    ASSERT_TRUE(rules.ok()) << rules.status();
    ASSERT_EQ(rules->size(), 1u);
    EXPECT_EQ((*rules)[0].deed, Deed::kReset);
    EXPECT_EQ((*rules)[0].at, Point::kHalf);
    EXPECT_EQ((*rules)[0].when.count, 2u);
  }
  EXPECT_EQ(ParseScript("{}\n{}\n")->size(), 2u);
  EXPECT_EQ(ParseScript("")->size(), 0u);
}

TEST(ScriptTest, FaultsAreNamedWithTheirPlace) {
  const std::pair<const char*, const char*> faults[] = {
      {"{}\n{oops\n", "line 2: not valid JSON"},
      {"{}\n{\"statos\":1}\n", "line 2: unknown key statos"},
      {R"([{},{"do":"explode"}])", "rule 2: do must be one of answer, reset, close, hold"},
      {R"([{"when":{"nth":0}}])", "rule 1: when: nth must be"},
      {R"([{"when":{"sometimes":true}}])", "rule 1: when: unknown key sometimes"},
      {R"([{"when":{"probability":2}}])", "probability must be"},
      {R"([{"status":99}])", "status must be a whole number from 200 to 599"},
      {R"([{"status":"200"}])", "status must be"},
      {R"([{"do":"reset","at":"start","accept":true}])", "accept needs the body"},
      {R"([{"do":"reset","at":"headers","when":{"prompt_contains":"x"}}])", "prompt_contains"},
      {R"([{"do":"reset","at":"start","when":{"credential":"x"}}])", "at start nothing"},
      {R"([{"at":"half"}])", "an answer is given at"},
      {R"([{"body":"x","shape":"html"}])", "body does not go with shape"},
      {R"([{"interim":[200]}])", "interim must be"},
      {R"([{"headers":{"A":"b\r\nc"}}])", "headers must be"},
      {R"([{"task":{"outcome":"lost"}}])", "rule 1: task: outcome must be one of"},
      {R"([{"latency_ms":-1}])", "latency_ms must be"},
      {R"([1])", "rule 1: is not a JSON object"},
  };
  for (const auto& [text, fault] : faults) {
    const absl::StatusOr<std::vector<Rule>> rules = ParseScript(text);
    EXPECT_EQ(rules.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(rules.status().message()), HasSubstr(fault));
    EXPECT_EQ(std::string(rules.status().message()).find('\n'), std::string::npos);
  }
}

TEST(ScriptTest, StatusDecidesTheShapeUnlessOneIsGiven) {
  EXPECT_EQ((*ParseScript("{}"))[0].shape, Shape::kSuccess);
  EXPECT_EQ((*ParseScript(R"({"status":302})"))[0].shape, Shape::kEmpty);
  EXPECT_EQ((*ParseScript(R"({"status":503})"))[0].shape, Shape::kEnvelope);
  EXPECT_EQ((*ParseScript(R"({"status":503,"shape":"html"})"))[0].shape, Shape::kHtml);
}

TEST(ScriptTest, MissingFileIsNamed) {
  EXPECT_THAT(std::string(ReadScriptFile("/nonexistent/script").status().message()),
              HasSubstr("/nonexistent/script"));
}

}  // namespace
}  // namespace genledger
