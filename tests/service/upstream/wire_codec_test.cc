#include "service/upstream/wire_codec.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "service/base/random_source.h"
#include "service/domain/generation_spec.h"

namespace genledger {

// Tests make specs that Canonicalize() would never make.
class CanonicalSpecMaker {
 public:
  static CanonicalSpec MakeForTest(GenerationSpec spec) { return CanonicalSpec(std::move(spec)); }
};

namespace {

std::string Encode(GenerationSpec spec) {
  return EncodeUpstreamRequest(CanonicalSpecMaker::MakeForTest(std::move(spec)));
}

// Frozen: a change of these bytes breaks re-posts under the upstream's idempotency.
TEST(EncodeTest, GoldenBytesOfThePagesExample) {
  EXPECT_EQ(Encode({.model = "veo3.1-fast",
                    .prompt = "海豚在碧蓝海洋中跳跃",
                    .duration = 8,
                    .aspect_ratio = "16:9",
                    .image_urls = {"https://cdn.apimart.ai/doc/1_0.png"}}),
            R"({"model":"veo3.1-fast","prompt":"海豚在碧蓝海洋中跳跃","duration":8,)"
            R"("aspect_ratio":"16:9","image_urls":["https://cdn.apimart.ai/doc/1_0.png"]})");
}

TEST(EncodeTest, GoldenBytesOfEveryField) {
  EXPECT_EQ(Encode({.model = "m",
                    .prompt = "p",
                    .duration = 8,
                    .aspect_ratio = "9:16",
                    .generation_type = "frame",
                    .image_urls = {"https://a/1", "https://a/2"},
                    .resolution = "720p",
                    .enable_gif = true,
                    .official_fallback = false}),
            R"({"model":"m","prompt":"p","duration":8,"aspect_ratio":"9:16",)"
            R"("generation_type":"frame","image_urls":["https://a/1","https://a/2"],)"
            R"("resolution":"720p","enable_gif":true,"official_fallback":false})");
}

TEST(EncodeTest, AbsentFieldsAreNotEmitted) { EXPECT_EQ(Encode({}), "{}"); }

TEST(EncodeTest, GoldenEscapes) {
  EXPECT_EQ(Encode({.prompt = std::string("\"\\/\b\f\n\r\t\x01\x1f\x7f\0e", 13)}),
            "{\"prompt\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\\u0000e\"}");
}

TEST(EncodeTest, AnyTextRoundTrips) {
  constexpr uint64_t kSeed = 20260101;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  const auto random = NewSeededRandomSource(kSeed);
  for (int i = 0; i < 2000; ++i) {
    std::string text;
    for (uint64_t length = random->Next64() % 20; length > 0; --length) {
      const std::string one[] = {std::string(1, static_cast<char>(random->Next64() % 128)), "é",
                                 "海", "\xF0\x9F\x90\xAC", "\xE2\x80\xA8"};
      text += one[random->Next64() % 5];
    }
    const auto parsed = nlohmann::json::parse(Encode({.prompt = text}));
    ASSERT_EQ(parsed["prompt"], text);
    ASSERT_EQ(parsed.dump(), Encode({.prompt = text}));
  }
}

TEST(ParseTest, HostileBodiesAreNotParsed) {
  for (const std::string& body :
       {std::string(), std::string("null"), std::string("[]"), std::string("\"x\""),
        std::string("{"), std::string("{}{}"), std::string("[{\"task_id\":\"t\"}]"),
        std::string("{\"a\":1}\0", 8), std::string("\0{}", 3),
        std::string("{\"a\":") + std::string(100'000, '[') + std::string(100'000, ']') + "}",
        std::string(1'000'000, '['), std::string("{\"a\":1e999}"), std::string("{'a':1}"),
        std::string("\xFF\xFE{\0}\0", 6), std::string("{\"a\":NaN}")}) {
    const UpstreamAnswer answer = ParseUpstreamAnswer(body);
    EXPECT_FALSE(answer.parsed) << body.substr(0, 40);
    EXPECT_TRUE(answer.task_ids.empty());
  }
}

TEST(ParseTest, DuplicateDataIsRejected) {
  const UpstreamAnswer answer =
      ParseUpstreamAnswer(R"({"data":{"id":"a"},"x":1,"data":{"id":"b"}})");
  EXPECT_FALSE(answer.parsed);
  EXPECT_TRUE(answer.duplicate_data);
  EXPECT_TRUE(answer.task_ids.empty());
  // Only the top-level one counts.
  EXPECT_TRUE(ParseUpstreamAnswer(R"({"data":{"data":1,"id":"a"},"x":{"data":2}})").parsed);
}

TEST(ParseTest, BodyInAnotherCharsetIsStillRead) {
  const UpstreamAnswer answer = ParseUpstreamAnswer(
      "{\"message\":\"\xC4\xE3\xBA\xC3\",\"data\":[{\"task_id\":\"t1\"}]}");  // GBK
  ASSERT_EQ(answer.task_ids.size(), 1U);
  EXPECT_EQ(answer.task_ids[0].value(), "t1");
}

TEST(ParseTest, HugeNumbersAreNoStatus) {
  const UpstreamAnswer answer =
      ParseUpstreamAnswer(R"({"error":{"code":99999999999999999999999,"message":"m"}})");
  EXPECT_TRUE(answer.parsed);
  EXPECT_TRUE(answer.has_error);
  EXPECT_FALSE(answer.inner_status.has_value());
}

TEST(ParseTest, CodesOfEveryKind) {
  struct Case {
    const char* body;
    const char* code;
    std::optional<int> inner;
    bool has_error;
  };
  for (const Case& tested :
       {Case{R"({"error":{"code":400}})", "400", 400, true},
        Case{R"({"error":{"code":"429"}})", "429", 429, true},
        Case{R"({"error":{"code":"invalid_duration"}})", "invalid_duration", std::nullopt, true},
        Case{R"({"error":{"code":""}})", "", std::nullopt, true},
        Case{R"({"code":200})", "200", std::nullopt, false},
        Case{R"({"code":"success"})", "success", std::nullopt, false},
        Case{R"({"code":"fail_to_fetch"})", "fail_to_fetch", std::nullopt, true},
        Case{R"({"code":0})", "0", std::nullopt, true},
        Case{R"({"code":503,"error":{"code":"x"}})", "x", 503, true},
        Case{R"({"error":"boom"})", "", std::nullopt, true},
        Case{R"({"error":["boom"]})", "", std::nullopt, true},
        Case{R"({"error":false})", "", std::nullopt, false},
        Case{R"({"error":""})", "", std::nullopt, false}}) {
    const UpstreamAnswer answer = ParseUpstreamAnswer(tested.body);
    EXPECT_TRUE(answer.parsed) << tested.body;
    EXPECT_EQ(answer.code, tested.code) << tested.body;
    EXPECT_EQ(answer.inner_status, tested.inner) << tested.body;
    EXPECT_EQ(answer.has_error, tested.has_error) << tested.body;
  }
}

TEST(ParseTest, MessageAndRequestId) {
  UpstreamAnswer answer = ParseUpstreamAnswer(
      R"j({"error":{"error":{"message":"deep (request id: 42)"},"type":"t"}})j");
  EXPECT_EQ(answer.message, "deep (request id: 42)");
  EXPECT_EQ(answer.request_id, "42");
  EXPECT_EQ(answer.type, "t");
  answer = ParseUpstreamAnswer(R"({"message":"m","request_id":"r","error":"e"})");
  EXPECT_EQ(answer.message, "e");
  EXPECT_EQ(answer.request_id, "r");
}

TEST(ParseTest, EveryPrefixOfAnAnswerIsHarmless) {
  const std::string whole = R"({"code":200,"data":[{"status":"submitted","task_id":"task_1"}]})";
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(ParseUpstreamAnswer(whole.substr(0, size)).parsed);
  }
  EXPECT_EQ(ParseUpstreamAnswer(whole).task_ids.size(), 1U);
}

}  // namespace
}  // namespace genledger
