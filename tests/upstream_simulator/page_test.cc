// The simulated upstream without rules: what the upstream's page says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/upstream_simulator/simulator_fixture.h"

namespace genledger {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

using PageTest = SimulatorTest;

std::string TaskIdIn(const WireReply& reply) {
  return nlohmann::json::parse(reply.body)["data"][0]["task_id"].get<std::string>();
}

TEST_F(PageTest, ExampleOfThePageIsAcceptedInThePagesWords) {
  const WireReply reply = Submit();
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.body, MatchesRegex(R"(\{"code":200,"data":\[\{"status":"submitted",)"
                                       R"("task_id":"task_[0-9A-HJKMNP-TV-Z]*"\}\]\})"));
  EXPECT_EQ(TaskIdIn(reply).size(), 31u);
  const PostRecord post = LastPost();
  EXPECT_EQ(post.seq, 1u);
  EXPECT_TRUE(post.complete);
  EXPECT_TRUE(post.accepted);
  EXPECT_EQ(post.body_bytes, PageExample().size());
  EXPECT_EQ(post.body_sha256.size(), 64u);
  EXPECT_EQ(post.task_ids, std::vector<std::string>{TaskIdIn(reply)});
  EXPECT_EQ(post.status, 200);
}

TEST_F(PageTest, EveryTaskIdIsAnother) {
  EXPECT_NE(TaskIdIn(Submit()), TaskIdIn(Submit()));
  EXPECT_EQ(simulator().stats().accepted, 2u);
}

TEST_F(PageTest, KeysAreRefusedInThePagesWords) {
  Start({.api_keys = {"good", "poor=402", "banned=403"}});
  EXPECT_EQ(Submit("", "good").status, 200);
  const WireReply unknown = Submit("", "sk-simulator");
  EXPECT_EQ(unknown.status, 401);
  EXPECT_EQ(unknown.body, R"({"error":{"code":401,"message":"身份验证失败，请检查您的API密钥",)"
                          R"("type":"authentication_error"}})");
  const WireReply poor = Submit("", "poor");
  EXPECT_EQ(poor.status, 402);
  EXPECT_EQ(poor.body, R"({"error":{"code":402,"message":"账户余额不足，请充值后再试",)"
                       R"("type":"payment_required"}})");
  const WireReply banned = Submit("", "banned");
  EXPECT_EQ(banned.status, 403);
  EXPECT_EQ(banned.body, R"({"error":{"code":403,"message":"访问被禁止，您没有权限访问此资源",)"
                         R"("type":"permission_error"}})");
  const UpstreamSimulatorStats stats = simulator().stats();
  EXPECT_EQ(stats.accepted, 1u);
  EXPECT_EQ(stats.bodies_complete, 4u);
  EXPECT_EQ(stats.answered.at(402), 1u);
}

TEST_F(PageTest, KeyIsNeverInTheRecord) {
  Submit("", "sk-simulator");
  EXPECT_THAT(LastPost().credential, MatchesRegex("[0-9a-f]*"));
  EXPECT_EQ(LastPost().credential.size(), 12u);
}

TEST_F(PageTest, RequestAgainstThePageIsRefused) {
  const WireReply reply = AskOnce(port(), SubmitBytes(R"({"prompt":"x","duration":5})"));
  EXPECT_EQ(reply.status, 400);
  EXPECT_THAT(reply.body, StartsWith(R"({"error":{"code":400,"message":"请求参数无效)"));
  EXPECT_THAT(reply.body, HasSubstr(R"("type":"invalid_request_error")"));
  EXPECT_TRUE(LastPost().complete);
  EXPECT_FALSE(LastPost().accepted);
}

TEST_F(PageTest, ContentTypeMustBeJson) {
  const WireReply reply =
      AskOnce(port(),
              "POST /v1/videos/generations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
              "sk-simulator\r\nContent-Length: 14\r\n\r\n{\"prompt\":\"x\"}");
  EXPECT_EQ(reply.status, 400);
}

TEST_F(PageTest, OtherRoutesAndMethodsAreRefused) {
  EXPECT_EQ(AskOnce(port(), GetBytes("/v1/videos/generations")).status, 405);
  EXPECT_EQ(AskOnce(port(), GetBytes("/v1/models")).status, 404);
  EXPECT_EQ(AskOnce(port(), PostBytes("/v1/tasks/x", "")).status, 405);
  EXPECT_TRUE(simulator().posts().empty());
}

TEST_F(PageTest, ConnectionIsKeptAliveAndPipelinedRequestsAreAnsweredInOrder) {
  WireClient client(port());
  client.Send(SubmitBytes(PageExample()) + SubmitBytes("{}") + SubmitBytes(PageExample()));
  EXPECT_EQ(client.Read().status, 200);
  EXPECT_EQ(client.Read().status, 400);
  EXPECT_EQ(client.Read().status, 200);
  EXPECT_EQ(LastPost().connection, 1u);
  EXPECT_EQ(LastPost().request, 3u);
}

TEST_F(PageTest, ClientThatWantsToCloseIsClosed) {
  WireClient client(port());
  const WireReply reply = client.Ask(SubmitBytes(PageExample(), "Connection: close\r\n"));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.headers.at("connection"), "close");
  EXPECT_EQ(client.AwaitEnd(), WireState::kFin);
}

TEST_F(PageTest, BodyMayComeInPiecesChunkedOrAfterContinue) {
  const std::string whole = SubmitBytes(PageExample());
  WireClient pieces(port());
  for (const char& byte : whole) {
    pieces.Send({&byte, 1});
  }
  EXPECT_EQ(pieces.Read().status, 200);

  WireClient waiting(port());
  const std::string expecting = SubmitBytes(PageExample(), "Expect: 100-continue\r\n");
  const size_t head = expecting.find("\r\n\r\n") + 4;
  waiting.Send(expecting.substr(0, head));
  const WireReply none = waiting.Read(200);
  EXPECT_EQ(none.interim, std::vector<int>{100});
  waiting.Send(expecting.substr(head));
  EXPECT_EQ(waiting.Read().status, 200);

  EXPECT_EQ(AskOnce(port(),
                    "POST /v1/videos/generations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                    "sk-simulator\r\nContent-Type: application/json\r\nTransfer-Encoding: "
                    "chunked\r\n\r\ne\r\n{\"prompt\":\"x\"}\r\n0\r\n\r\n")
                .status,
            200);
}

TEST_F(PageTest, BodyCutShortByTheClientIsRecordedAsIncomplete) {
  {
    WireClient client(port());
    const std::string whole = SubmitBytes(PageExample(), "Idempotency-Key: k1\r\n");
    client.Send(whole.substr(0, whole.size() - 10));
  }
  // The next answer comes after the server has noticed, or else the loop asks again.
  while (simulator().stats().posts_received == 0) {
    AskOnce(port(), GetBytes("/v1/models"));
  }
  const PostRecord post = LastPost();
  EXPECT_FALSE(post.complete);
  EXPECT_FALSE(post.accepted);
  EXPECT_EQ(post.idempotency_key, "k1");
  EXPECT_EQ(post.done, "connection lost");
  EXPECT_EQ(simulator().stats().bodies_complete, 0u);
}

TEST_F(PageTest, TooLargeRequestsAreRefused) {
  EXPECT_EQ(AskOnce(port(), SubmitBytes(std::string((1 << 20) + 1, 'x'))).status, 413);
  EXPECT_FALSE(LastPost().complete);
  EXPECT_EQ(AskOnce(port(), SubmitBytes("{}", "X: " + std::string(9'000, 'x') + "\r\n")).status,
            431);
  EXPECT_EQ(AskOnce(port(), "gibberish\r\n\r\n").status, 400);
}

TEST_F(PageTest, TaskLivesThroughItsStatuses) {
  const std::string id = TaskIdIn(Submit());
  const auto ask = [&] {
    const WireReply reply = AskOnce(port(), GetBytes("/v1/tasks/" + id));
    EXPECT_EQ(reply.status, 200);
    const nlohmann::json told = nlohmann::json::parse(reply.body);
    EXPECT_EQ(told["code"], 200);
    EXPECT_EQ(told["data"]["id"], id);
    return told["data"];
  };
  simulator().SetTaskLife({});
  ASSERT_TRUE(
      simulator()
          .SetTaskLifeOf(id, {.pending_for = absl::Hours(1), .processing_for = absl::Hours(1)})
          .ok());
  EXPECT_EQ(ask()["status"], "pending");
  simulator().Advance(absl::Minutes(90));
  const nlohmann::json processing = ask();
  EXPECT_EQ(processing["status"], "processing");
  EXPECT_NEAR(processing["progress"].get<int>(), 50, 5);
  simulator().Advance(absl::Minutes(31));
  const nlohmann::json completed = ask();
  EXPECT_EQ(completed["status"], "completed");
  EXPECT_EQ(completed["progress"], 100);
  EXPECT_TRUE(completed["result"]["videos"][0]["url"][0].is_string());
  EXPECT_EQ(completed["result"]["videos"][0]["expires_at"].get<int64_t>(),
            completed["completed"].get<int64_t>() + 86'400);
  EXPECT_EQ(completed["cost"], 0.14);
}

TEST_F(PageTest, TasksFailVanishAndTalkStrangelyAsTold) {
  const std::string id = TaskIdIn(Submit());
  const auto ask = [&](const TaskLife& life) {
    EXPECT_TRUE(simulator().SetTaskLifeOf(id, life).ok());
    return AskOnce(port(), GetBytes("/v1/tasks/" + id));
  };
  simulator().Advance(absl::Hours(1));
  EXPECT_THAT(ask({.outcome = TaskLife::Outcome::kFailed}).body,
              HasSubstr(R"("error":{"code":"content_policy_violation")"));
  EXPECT_EQ(ask({.outcome = TaskLife::Outcome::kVanished}).status, 400);
  EXPECT_THAT(ask({.outcome = TaskLife::Outcome::kStuck}).body,
              HasSubstr(R"("status":"processing")"));
  EXPECT_THAT(ask({.outcome_word = "succeeded"}).body, HasSubstr(R"("status":"succeeded")"));
  EXPECT_THAT(ask({.url_shape = TaskLife::UrlShape::kString}).body, HasSubstr(R"("url":"https)"));
  EXPECT_THAT(ask({.progress_as_text = true}).body, HasSubstr(R"("progress":"100%")"));
  EXPECT_THAT(ask({.data_as_array = true}).body, HasSubstr(R"("data":[{)"));
  EXPECT_EQ(ask({.http_status = 502}).status, 502);
  EXPECT_EQ(ask({.body = "<html>"}).body, "<html>");
}

TEST_F(PageTest, UnknownTaskIsABadRequest) {
  const WireReply reply = AskOnce(port(), GetBytes("/v1/tasks/task_nobody"));
  EXPECT_EQ(reply.status, 400);
  EXPECT_THAT(reply.body, HasSubstr("无效的任务ID"));
  EXPECT_EQ(AskOnce(port(), GetBytes("/v1/tasks/task_nobody", "wrong")).status, 401);
}

TEST_F(PageTest, OnlyLoopbackIsListenedOn) {
  for (const char* listen : {"0.0.0.0:0", "192.0.2.1:0", "127.0.0.1", "127.0.0.1:x", ":0"}) {
    EXPECT_EQ(UpstreamSimulator::Start({.listen = listen}).status().code(),
              absl::StatusCode::kInvalidArgument)
        << listen;
  }
  EXPECT_EQ(UpstreamSimulator::Start({.listen = simulator().address()}).status().code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace genledger
