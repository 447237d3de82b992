#include "tests/upstream_simulator/control_api.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/upstream_simulator/simulator_fixture.h"

namespace genledger {
namespace {

using nlohmann::json;

class ControlApiTest : public SimulatorTest {
 protected:
  json Get(const std::string& what) {
    const WireReply reply = AskOnce(port(), GetBytes("/_control/" + what));
    EXPECT_EQ(reply.status, 200) << what;
    return json::parse(reply.body);
  }
  int Post(const std::string& what, const std::string& body = "") {
    return AskOnce(port(), PostBytes("/_control/" + what, body)).status;
  }
};

TEST_F(ControlApiTest, StatsCount) {
  Submit("Idempotency-Key: k1\r\n");
  Submit("Idempotency-Key: k1\r\n");
  Submit("", "wrong");
  const json stats = Get("stats?keys=1");
  EXPECT_EQ(stats["posts_received"], 3);
  EXPECT_EQ(stats["bodies_complete"], 3);
  EXPECT_EQ(stats["accepted"], 2);
  EXPECT_EQ(stats["answered"]["200"], 2);
  EXPECT_EQ(stats["answered"]["401"], 1);
  EXPECT_EQ(stats["connections"], 4);
  EXPECT_EQ(stats["idempotency_keys"]["k1"]["accepted"], 2);
  EXPECT_EQ(stats["idempotency_keys"]["k1"]["posts"], 2);
  EXPECT_FALSE(Get("stats").contains("idempotency_keys"));
}

TEST_F(ControlApiTest, LogIsReadInPieces) {
  Submit("Idempotency-Key: k1\r\n");
  Submit("Idempotency-Key: k2\r\n");
  Submit("Idempotency-Key: k1\r\n");
  EXPECT_EQ(Get("log")["records"].size(), 3u);
  EXPECT_EQ(Get("log?since=2")["records"][0]["seq"], 3);
  EXPECT_EQ(Get("log?idempotency_key=k1")["records"].size(), 2u);
  const json first = Get("log?limit=1");
  EXPECT_EQ(first["records"].size(), 1u);
  EXPECT_EQ(first["last_seq"], 3);
}

TEST_F(ControlApiTest, RulesAreReplacedAppendedAndCleared) {
  EXPECT_EQ(Post("rules", R"({"when":{"count":1},"status":500})"), 200);
  EXPECT_EQ(Post("rules?mode=append", R"([{"status":502}])"), 200);
  EXPECT_EQ(Submit().status, 500);
  EXPECT_EQ(Submit().status, 502);
  const json rules = Get("rules")["rules"];
  EXPECT_EQ(rules[0]["applications"], 1);
  EXPECT_EQ(rules[0]["candidates"], 2);
  EXPECT_EQ(Post("rules", R"({"status":503})"), 200);
  EXPECT_EQ(Submit().status, 503);
  EXPECT_EQ(Post("rules", "nonsense"), 400);
  EXPECT_EQ(Submit().status, 503);
  EXPECT_EQ(Post("rules?mode=clear"), 200);
  EXPECT_EQ(Submit().status, 200);
}

TEST_F(ControlApiTest, ResetGoesBackToTheOptions) {
  Start({.rules = {{.when = {.count = 1}, .status = 500, .shape = Shape::kEnvelope}}});
  EXPECT_EQ(Submit().status, 500);
  EXPECT_EQ(Post("keys", "sk-simulator=403\n"), 200);
  EXPECT_EQ(Submit().status, 403);
  EXPECT_EQ(Post("settings?latency_ms=5&idempotency=on"), 200);
  EXPECT_EQ(Post("reset"), 200);
  EXPECT_EQ(Get("stats")["posts_received"], 0);
  EXPECT_EQ(Submit().status, 500);
  EXPECT_EQ(Submit().status, 200);
  EXPECT_EQ(Get("log")["last_seq"], 4);
}

TEST_F(ControlApiTest, TasksAreToldAndGivenALife) {
  Submit();
  const std::string id = Get("tasks")["tasks"][0]["task_id"];
  EXPECT_EQ(Post("tasks?id=" + id, R"({"outcome":"failed"})"), 200);
  EXPECT_EQ(Post("advance?ms=3600000"), 200);
  EXPECT_EQ(Get("tasks")["tasks"][0]["answer"]["data"]["status"], "failed");
  EXPECT_EQ(Post("tasks?id=nobody", "{}"), 400);
  EXPECT_EQ(Post("task_life", R"({"outcome":"stuck"})"), 200);
  EXPECT_EQ(Post("task_life", R"({"outcome":"?"})"), 400);
}

TEST_F(ControlApiTest, UnknownCallsAreRefused) {
  EXPECT_EQ(Post("nothing"), 404);
  EXPECT_EQ(Post("settings?idempotency=maybe"), 400);
  EXPECT_EQ(Post("keys", "two words\n"), 400);
  EXPECT_EQ(Post("rules?mode=other", "[]"), 400);
}

}  // namespace
}  // namespace genledger
