// Each rule, as a client sees it on the wire and as the log tells it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/time/clock.h"
#include "tests/upstream_simulator/simulator_fixture.h"

namespace genledger {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

using MisbehaviourTest = SimulatorTest;

TEST_F(MisbehaviourTest, StatusWithTheEnvelope) {
  Script(R"([{"status":429,"retry_after":7}])");
  const WireReply reply = Submit();
  EXPECT_EQ(reply.status, 429);
  EXPECT_EQ(reply.headers.at("retry-after"), "7");
  EXPECT_EQ(reply.body, R"({"error":{"code":429,"message":"请求过于频繁，请稍后再试",)"
                        R"("type":"rate_limit_error"}})");
  EXPECT_FALSE(LastPost().accepted);
  EXPECT_EQ(LastPost().rule, 1u);
  Script(R"([{"status":500}])");
  EXPECT_EQ(Submit().body, R"({"error":{"code":500,"message":"服务器内部错误，请稍后重试",)"
                           R"("type":"server_error"}})");
  Script(R"([{"status":502}])");
  EXPECT_EQ(Submit().body, R"({"error":{"code":502,"message":"网关错误，服务器暂时不可用",)"
                           R"("type":"bad_gateway"}})");
  Script(R"([{"status":520,"accept":true}])");
  EXPECT_EQ(Submit().status, 520);
  EXPECT_TRUE(LastPost().accepted);
}

TEST_F(MisbehaviourTest, EnvelopeOfOnesOwn) {
  Script(
      R"([{"status":400,"error_code":"get_channel_failed","error_message":"please wait","error_type":"t"}])");
  EXPECT_EQ(Submit().body,
            R"({"error":{"code":"get_channel_failed","message":"please wait","type":"t"}})");
  Script(R"([{"status":401,"error_code":"","headers":{"X-Oneapi-Request-Id":"r1"}}])");
  const WireReply reply = Submit();
  EXPECT_THAT(reply.body, StartsWith(R"({"error":{"code":"",)"));
  EXPECT_EQ(reply.headers.at("x-oneapi-request-id"), "r1");
}

TEST_F(MisbehaviourTest, RetryAfterAsADate) {
  Script(R"([{"status":503,"retry_after_date_s":60,"shape":"empty"}])");
  const WireReply reply = Submit();
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.body, "");
  absl::Time when;
  std::string error;
  ASSERT_TRUE(
      absl::ParseTime("%a, %d %b %Y %H:%M:%S GMT", reply.headers.at("retry-after"), &when, &error))
      << error;
  EXPECT_GT(when, absl::Now() + absl::Seconds(30));
}

TEST_F(MisbehaviourTest, HtmlOfAnyStatus) {
  for (const int status : {200, 403, 504}) {
    Script(R"({"shape":"html","status":)" + std::to_string(status) + "}");
    const WireReply reply = Submit();
    EXPECT_EQ(reply.status, status);
    EXPECT_EQ(reply.headers.at("content-type"), "text/html; charset=UTF-8");
    EXPECT_THAT(reply.body, StartsWith("<!DOCTYPE html>"));
    EXPECT_EQ(LastPost().accepted, status == 200);
  }
}

TEST_F(MisbehaviourTest, ErrorsInsideASuccess) {
  Script(R"({"shape":"envelope","inner_code":429})");
  const WireReply reply = Submit();
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.body, StartsWith(R"({"error":{"code":429,)"));
  EXPECT_FALSE(LastPost().accepted);
  Script(R"({"shape":"success_false"})");
  EXPECT_THAT(Submit().body, StartsWith(R"({"success":false,"message":)"));
  Script(R"({"shape":"inner_code","inner_code":503})");
  EXPECT_THAT(Submit().body, StartsWith(R"({"code":503,"message":)"));
  EXPECT_EQ(simulator().stats().accepted, 0u);
}

TEST_F(MisbehaviourTest, SuccessInEveryOtherShape) {
  const std::string id = "task_[0-9A-Z]*";
  const std::pair<const char*, std::string> shapes[] = {
      {"data_object", R"(\{"code":200,"data":\{"id":")" + id + R"(","status":"submitted"\}\})"},
      {"data_empty", R"(\{"code":200,"data":\[\]\})"},
      {"data_null", R"(\{"code":200,"data":null\})"},
      {"data_missing", R"(\{"code":200\})"},
      {"task_id_missing", R"(\{"code":200,"data":\[\{"status":"submitted"\}\]\})"},
      {"task_id_empty", R"(.*"task_id":""\}\]\})"},
      {"task_id_number", R"(.*"task_id":[0-9]*\}\]\})"},
      {"several_tasks", R"(\{"code":200,"data":\[.*"task_id".*"task_id".*\]\})"},
      {"top_level_task_id", R"(\{"code":200,"task_id":")" + id + R"("\})"},
      {"top_level_id", R"(\{"id":")" + id + R"(","status":"submitted"\})"},
      {"duplicate_data", R"(\{"code":200,"data":\[.*\],"data":\[.*\]\})"},
      {"invalid_json",
       R"(\{"code":200,"data":\[\{"status":"submitted","task_id":")" + id + R"("\]\})"},
      {"byte_order_mark", "\xEF\xBB\xBF.*"},
  };
  uint64_t accepted = 0;
  for (const auto& [shape, regex] : shapes) {
    Script(R"({"shape":")" + std::string(shape) + R"("})");
    const WireReply reply = Submit();
    EXPECT_EQ(reply.status, 200) << shape;
    EXPECT_THAT(reply.body, MatchesRegex(regex)) << shape;
    EXPECT_EQ(simulator().stats().accepted, ++accepted) << shape;
    for (const std::string& task_id : LastPost().task_ids) {
      EXPECT_EQ(AskOnce(port(), GetBytes("/v1/tasks/" + task_id)).status, 200) << shape;
    }
  }
  Script(R"({"status":202,"shape":"data_object"})");
  EXPECT_EQ(Submit().status, 202);
  Script(R"({"shape":"several_tasks","tasks":3})");
  Submit();
  EXPECT_EQ(LastPost().task_ids.size(), 3u);
}

TEST_F(MisbehaviourTest, BodyOfOnesOwn) {
  Script(R"({"status":418,"body":"teapot","content_type":"text/plain"})");
  const WireReply reply = Submit();
  EXPECT_EQ(reply.status, 418);
  EXPECT_EQ(reply.body, "teapot");
  EXPECT_EQ(reply.headers.at("content-type"), "text/plain");
}

TEST_F(MisbehaviourTest, OversizedBodyIsWholeAndLarge) {
  Script(R"({"shape":"oversized"})");
  const WireReply reply = Submit();
  EXPECT_TRUE(reply.whole);
  EXPECT_GT(reply.body.size(), size_t{1} << 20);
  EXPECT_THAT(reply.body, HasSubstr(LastPost().task_ids[0]));
}

TEST_F(MisbehaviourTest, TruncatedBodyEndsInAFin) {
  Script(R"({"transfer":"truncated"})");
  WireClient client(port());
  const WireReply reply = client.Ask(SubmitBytes(PageExample()));
  EXPECT_EQ(reply.status, 200);
  EXPECT_FALSE(reply.whole);
  EXPECT_EQ(reply.state, WireState::kFin);
  EXPECT_LT(reply.body.size(), std::stoul(reply.headers.at("content-length")));
  EXPECT_TRUE(LastPost().accepted);
}

TEST_F(MisbehaviourTest, ChunksAndDripsArriveWhole) {
  Script(R"({"transfer":"chunked","chunk_bytes":5})");
  const WireReply chunked = Submit();
  EXPECT_EQ(chunked.headers.at("transfer-encoding"), "chunked");
  EXPECT_THAT(chunked.body, EndsWith(LastPost().task_ids[0] + "\"}]}"));
  Script(R"({"transfer":"drip","drip_bytes":50,"drip_ms":20})");
  const absl::Time begin = absl::Now();
  const WireReply dripped = Submit();
  EXPECT_TRUE(dripped.whole);
  EXPECT_GE(absl::Now() - begin, absl::Milliseconds(60));
}

TEST_F(MisbehaviourTest, InterimAnswersComeFirst) {
  Script(R"({"interim":[100,103]})");
  const WireReply reply = Submit();
  EXPECT_EQ(reply.interim, (std::vector<int>{100, 103}));
  EXPECT_EQ(reply.status, 200);
}

TEST_F(MisbehaviourTest, RedirectNamesAnotherPlace) {
  Script(R"({"status":307,"headers":{"Location":"/v1/elsewhere"}})");
  const WireReply reply = Submit();
  EXPECT_EQ(reply.status, 307);
  EXPECT_EQ(reply.headers.at("location"), "/v1/elsewhere");
  EXPECT_FALSE(LastPost().accepted);
}

TEST_F(MisbehaviourTest, ResetsAreResetsAndClosesAreFins) {
  const std::pair<const char*, WireState> deeds[] = {{"reset", WireState::kReset},
                                                     {"close", WireState::kFin}};
  for (const auto& [deed, state] : deeds) {
    for (const std::string at : {"start", "headers", "body", "half"}) {
      Script(R"({"do":")" + std::string(deed) + R"(","at":")" + at + R"("})");
      const WireReply reply = Submit();
      EXPECT_EQ(reply.state, state) << deed << at;
      EXPECT_FALSE(reply.whole) << deed << at;
      const PostRecord post = LastPost();
      EXPECT_EQ(post.done, std::string(deed) + " at " + at);
      const bool read = at == "body" || at == "half";
      EXPECT_EQ(post.complete, read) << deed << at;
      EXPECT_EQ(post.accepted, read) << deed << at;
      if (at == "half" && state == WireState::kFin) {
        EXPECT_EQ(reply.status, 200);
        EXPECT_NE(reply.body, "");
      }
    }
  }
  EXPECT_EQ(simulator().stats().posts_received, 8u);
  EXPECT_EQ(simulator().stats().bodies_complete, 4u);
}

TEST_F(MisbehaviourTest, FateOfAnAmbiguousPostIsTheRules) {
  Script(R"([{"when":{"nth":1},"do":"reset","accept":false},{"do":"reset","accept":true}])");
  EXPECT_EQ(Submit().state, WireState::kReset);
  EXPECT_FALSE(LastPost().accepted);
  EXPECT_TRUE(LastPost().complete);
  EXPECT_EQ(Submit().state, WireState::kReset);
  EXPECT_TRUE(LastPost().accepted);
  const std::string id = LastPost().task_ids.at(0);
  EXPECT_EQ(AskOnce(port(), GetBytes("/v1/tasks/" + id)).status, 200);
}

TEST_F(MisbehaviourTest, ResetOfAReusedConnectionOnly) {
  Script(R"({"when":{"reused_connection":true},"do":"reset"})");
  WireClient client(port());
  EXPECT_EQ(client.Ask(SubmitBytes(PageExample())).status, 200);
  EXPECT_EQ(client.Ask(SubmitBytes(PageExample())).state, WireState::kReset);
  EXPECT_EQ(LastPost().request, 2u);
  EXPECT_TRUE(LastPost().complete);
  EXPECT_EQ(Submit().status, 200);
}

TEST_F(MisbehaviourTest, HeldConnectionStaysSilent) {
  Script(R"({"do":"hold"})");
  WireClient client(port());
  client.Send(SubmitBytes(PageExample()));
  EXPECT_EQ(client.Read(100).state, WireState::kSilent);
  EXPECT_TRUE(LastPost().accepted);
  simulator().Stop();
  EXPECT_NE(client.AwaitEnd(), WireState::kSilent);
}

TEST_F(MisbehaviourTest, WhatFollowsAWholeAnswer) {
  Script(R"({"then":"silent_close"})");
  WireClient silent(port());
  const WireReply reply = silent.Ask(SubmitBytes(PageExample()));
  EXPECT_TRUE(reply.whole);
  EXPECT_FALSE(reply.headers.contains("connection"));
  EXPECT_EQ(silent.AwaitEnd(), WireState::kFin);
  Script(R"({"then":"close"})");
  EXPECT_EQ(Submit().headers.at("connection"), "close");
  Script(R"({"then":"reset"})");
  WireClient reset(port());
  reset.Send(SubmitBytes(PageExample()));
  EXPECT_EQ(reset.AwaitEnd(), WireState::kReset);
}

TEST_F(MisbehaviourTest, LatencyBeforeTheAnswerAndBeforeTheBody) {
  Script(R"([{"when":{"nth":1},"latency_ms":60},{"latency_before_body_ms":60}])");
  for (int i = 0; i < 2; ++i) {
    const absl::Time begin = absl::Now();
    EXPECT_EQ(Submit().status, 200);
    EXPECT_GE(absl::Now() - begin, absl::Milliseconds(60));
  }
}

TEST_F(MisbehaviourTest, AnswerBeforeTheBodyEndsTheConnection) {
  Script(R"({"at":"headers","status":429})");
  WireClient client(port());
  const std::string whole = SubmitBytes(PageExample());
  client.Send(whole.substr(0, whole.find("\r\n\r\n") + 4));
  EXPECT_EQ(client.Read().status, 429);
  EXPECT_EQ(client.AwaitEnd(), WireState::kFin);
  EXPECT_FALSE(LastPost().complete);
}

TEST_F(MisbehaviourTest, RequestThatThePageRefusesIsNeverAccepted) {
  Script(R"([{"when":{"nth":1},"do":"reset"},{"when":{"nth":1},"shape":"data_null"}])");
  EXPECT_EQ(Submit("", "wrong").state, WireState::kReset);
  EXPECT_EQ(Submit("", "wrong").status, 401);
  EXPECT_EQ(simulator().stats().accepted, 0u);
}

TEST_F(MisbehaviourTest, MatchersChooseTheirPosts) {
  Script(R"([
    {"when":{"idempotency_key":"k1"},"status":500},
    {"when":{"credential":"sk-simulator","prompt_contains":"海豚","nth":[2,3]},"status":502},
    {"when":{"skip":1,"count":1},"status":503}
  ])");
  EXPECT_EQ(Submit("Idempotency-Key: k1\r\n").status, 500);
  EXPECT_EQ(Submit().status, 200);
  EXPECT_EQ(Submit().status, 502);
  EXPECT_EQ(Submit().status, 502);
  EXPECT_EQ(Submit().status, 503);
  EXPECT_EQ(Submit().status, 200);
}

TEST_F(MisbehaviourTest, ProbabilityFollowsTheSeed) {
  const auto draw = [this](uint64_t seed) {
    Start({.rules = {{.when = {.probability = 0.5}, .status = 500, .shape = Shape::kEnvelope}},
           .seed = seed});
    std::string drawn;
    WireClient client(port());
    for (int i = 0; i < 64; ++i) {
      drawn += client.Ask(SubmitBytes(PageExample())).status == 200 ? '.' : 'x';
    }
    return drawn;
  };
  const std::string first = draw(11);
  EXPECT_THAT(first, HasSubstr("x"));
  EXPECT_THAT(first, HasSubstr("."));
  EXPECT_NE(draw(12), first);
}

TEST_F(MisbehaviourTest, RuleGivesItsTasksALife) {
  Script(R"({"task":{"outcome":"failed","pending_ms":0,"processing_ms":0}})");
  Submit();
  EXPECT_THAT(AskOnce(port(), GetBytes("/v1/tasks/" + LastPost().task_ids[0])).body,
              HasSubstr(R"("status":"failed")"));
}

}  // namespace
}  // namespace genledger
