#include "tests/upstream_simulator/validation.h"

#include <gtest/gtest.h>

#include <string>

namespace genledger {
namespace {

constexpr std::string_view kUrl = R"("https://h.example/a.png")";

std::string FaultOf(std::string_view fields) {
  return CheckSubmitBody("{\"prompt\":\"x\"" + std::string(fields.empty() ? "" : ",") +
                         std::string(fields) + "}")
      .fault;
}

std::string Images(int count) {
  std::string list = R"("image_urls":[)";
  for (int i = 0; i < count; ++i) {
    list += i == 0 ? "" : ",";
    list += kUrl;
  }
  return list + "]";
}

TEST(ValidationTest, AllowsWhatThePageAllows) {
  for (const std::string& fields :
       {std::string(), std::string(R"("model":"veo3.1-quality")"),
        std::string(R"("model":"veo3.1-lite","resolution":"1080p","duration":8)"),
        std::string(R"("aspect_ratio":"9:16","resolution":"4k","enable_gif":false)"),
        std::string(R"("enable_gif":true,"resolution":"720p","official_fallback":true)"), Images(1),
        Images(3), Images(2) + R"(,"model":"veo3.1-quality")",
        Images(3) + R"(,"generation_type":"reference")", std::string(R"("duration":null)"),
        std::string(R"("n":1,"more":{"deep":[1,null,{"model":5}]})"),
        std::string(R"("image_urls":["http://h.example/A.PNG?sig=1","https://h/a%2Ejpeg"])")}) {
    EXPECT_EQ(FaultOf(fields), "") << fields;
  }
}

TEST(ValidationTest, RefusesWhatThePageForbids) {
  for (const std::string& fields :
       {std::string(R"("model":"veo3.1")"),
        std::string(R"("model":"")"),
        std::string(R"("duration":4)"),
        std::string(R"("duration":"8")"),
        std::string(R"("duration":8.0)"),
        std::string(R"("aspect_ratio":"1:1")"),
        std::string(R"("aspect_ratio":"")"),
        std::string(R"("resolution":"4K")"),
        std::string(R"("generation_type":"FRAME")"),
        std::string(R"("enable_gif":"true")"),
        std::string(R"("enable_gif":true,"resolution":"4k")"),
        std::string(R"("enable_gif":true,"resolution":"1080p")"),
        Images(4),
        Images(3) + R"(,"model":"veo3.1-quality")",
        Images(1) + R"(,"model":"veo3.1-quality","generation_type":"reference")",
        std::string(R"("model":"veo3.1-lite","image_urls":[])"),
        std::string(R"("model":"veo3.1-lite","official_fallback":false)"),
        std::string(R"("model":"veo3.1-lite","generation_type":"frame")"),
        std::string(R"("image_urls":"https://h.example/a.png")"),
        std::string(R"("image_urls":[1])"),
        std::string(R"("image_urls":[null])"),
        std::string(R"("image_urls":[["https://h.example/a.png"]])"),
        std::string(R"("image_urls":["ftp://h.example/a.png"])"),
        std::string(R"("image_urls":["https://h.example/a.gif"])"),
        std::string(R"("image_urls":["https://h.example/a?f=.png"])"),
        std::string(R"("image_urls":["https:///a.png"])"),
        std::string(R"("prompt":"")")}) {
    EXPECT_NE(FaultOf(fields), "") << fields;
  }
}

TEST(ValidationTest, RefusesWhatIsNotOneJsonObject) {
  for (const char* body : {"", "{", "[]", "null", "8", "\"x\"", "true", "{\"prompt\":\"x\"} {}",
                           "{\"prompt\":\"\xff\"}", "{}", "[{\"prompt\":\"x\"}]"}) {
    EXPECT_NE(CheckSubmitBody(body).fault, "") << body;
  }
}

TEST(ValidationTest, TellsThePromptUnescaped) {
  EXPECT_EQ(CheckSubmitBody(R"({"prompt":"a\u00e9\n"})").prompt, "a\xc3\xa9\n");
}

}  // namespace
}  // namespace genledger
