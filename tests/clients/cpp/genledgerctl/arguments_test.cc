#include "clients/cpp/genledgerctl/arguments.h"

#include <gtest/gtest.h>

namespace genledger::ctl {
namespace {

constexpr FlagSpec kFlags[] = {
    {"prompt", FlagSpec::Kind::kValue, "TEXT", ""},
    {"aspect_ratio", FlagSpec::Kind::kValue, "W:H", ""},
    {"image_url", FlagSpec::Kind::kRepeated, "URL", ""},
    {"gif", FlagSpec::Kind::kSwitch, "", ""},
    {"wait", FlagSpec::Kind::kValue, "DURATION", ""},
    {"help", FlagSpec::Kind::kSwitch, "", ""},
};

absl::StatusOr<Arguments> Parse(std::vector<std::string> words) {
  return Arguments::Parse(words, kFlags);
}

TEST(ArgumentsTest, BothFormsOfAFlagMeanTheSame) {
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"--prompt=a=b", "--aspect_ratio", "16:9"},
                                             {"--aspect-ratio=16:9", "--prompt", "a=b"}}) {
    const auto parsed = Parse(words);
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(parsed->Text("prompt"), "a=b");
    EXPECT_EQ(parsed->Text("aspect_ratio"), "16:9");
    EXPECT_FALSE(parsed->Has("wait"));
  }
}

TEST(ArgumentsTest, EmptyIsPresent) {
  const auto parsed = Parse({"--prompt=", "--image_url", ""});
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->Text("prompt"), "");
  EXPECT_EQ(parsed->Texts("image_url"), std::vector<std::string>{""});
  EXPECT_EQ(parsed->Text("wait"), std::nullopt);
}

TEST(ArgumentsTest, RepeatedFlagsKeepTheirOrder) {
  const auto parsed = Parse({"--image_url=2", "--image_url", "1"});
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->Texts("image_url"), (std::vector<std::string>{"2", "1"}));
}

TEST(ArgumentsTest, SwitchesTakeNoSeparateValue) {
  EXPECT_EQ(Parse({"--gif"})->Switch("gif"), true);
  EXPECT_EQ(Parse({"--gif=false"})->Switch("gif"), false);
  EXPECT_EQ(Parse({})->Switch("gif"), std::nullopt);
  EXPECT_EQ(Parse({"--gif", "operand"})->operands(), std::vector<std::string>{"operand"});
  EXPECT_EQ(Parse({"-h"})->Switch("help"), true);
}

TEST(ArgumentsTest, TwoDashesEndTheFlagsAndOneIsAnOperand) {
  const auto parsed = Parse({"-", "--", "--prompt=x"});
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->operands(), (std::vector<std::string>{"-", "--prompt=x"}));
}

struct ErrorCase {
  std::vector<std::string> words;
  const char* message;
};

TEST(ArgumentsTest, ErrorsNameTheFlag) {
  const ErrorCase cases[] = {
      {{"--promt=x"}, "unknown flag --promt (did you mean --prompt?)"},
      {{"--completely_else"}, "unknown flag --completely_else"},
      {{"-x"}, "unknown flag -x (flags begin with two dashes)"},
      {{"--prompt"}, "--prompt needs a value: --prompt=TEXT"},
      {{"--prompt", "--gif"}, "--prompt needs a value: --prompt=TEXT"},
      {{"--gif=yes"}, "--gif is true or false"},
      {{"--gif", "--gif"}, "--gif is given twice"},
      {{"--prompt=a", "--prompt", "b"}, "--prompt is given twice"},
      {{"--\x1b[2J"}, "unknown flag --\\x1b[2J"},
  };
  for (const ErrorCase& one : cases) {
    const auto parsed = Parse(one.words);
    ASSERT_FALSE(parsed.ok()) << one.message;
    EXPECT_EQ(std::string(parsed.status().message()), one.message);
  }
}

TEST(ArgumentsTest, DurationsHaveUnits) {
  EXPECT_EQ(**Parse({"--wait=1m30s"})->Duration("wait"), absl::Seconds(90));
  EXPECT_EQ(**Parse({"--wait=0"})->Duration("wait"), absl::ZeroDuration());
  EXPECT_EQ(*Parse({})->Duration("wait"), std::nullopt);
  for (const char* text : {"", "5", "-1s", "inf", "soon", "1 s"}) {
    EXPECT_FALSE(Parse({std::string("--wait=") + text})->Duration("wait").ok()) << text;
  }
}

TEST(ArgumentsTest, IntegersFit) {
  EXPECT_EQ(**Parse({"--wait=-7"})->Integer32("wait"), -7);
  EXPECT_EQ(**Parse({"--wait=9223372036854775807"})->Integer("wait"), INT64_MAX);
  EXPECT_FALSE(Parse({"--wait=9223372036854775808"})->Integer("wait").ok());
  EXPECT_FALSE(Parse({"--wait=2147483648"})->Integer32("wait").ok());
  for (const char* text : {"", "1.0", "8s", "+8", " 8", "0x8"}) {
    EXPECT_FALSE(Parse({std::string("--wait=") + text})->Integer("wait").ok()) << text;
  }
}

}  // namespace
}  // namespace genledger::ctl
