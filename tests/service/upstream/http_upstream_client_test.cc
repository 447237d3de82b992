#include "service/upstream/http_upstream_client.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/base/clock.h"
#include "service/base/secret.h"
#include "service/upstream/credential.h"
#include "tests/service/upstream/scripted_server.h"

namespace genledger {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(20);

AttemptResult PostOne(UpstreamClient& client, PostRequest request) {
  absl::Mutex mu;
  std::optional<AttemptResult> result;
  client.Post(std::move(request), [&](AttemptResult r) {
    absl::MutexLock lock(&mu);
    result = std::move(r);
  });
  const auto there = [&] { return result.has_value(); };
  absl::MutexLock lock(&mu);
  EXPECT_TRUE(mu.AwaitWithTimeout(absl::Condition(&there), kPatience));
  return result.value_or(AttemptResult());
}

TEST(HttpUpstreamClientTest, PostsAndClassifies) {
  std::string head;
  ScriptedServer server([&](ScriptedConnection& connection) {
    head = connection.ReadRequest().value().head;
    connection.Answer(R"({"code":200,"data":[{"status":"submitted","task_id":"task_1"}]})");
  });
  SystemClock clock;
  auto credentials = MakeUpstreamCredentials({Secret("sk-one")});
  ASSERT_TRUE(credentials.ok());
  auto client = NewHttpUpstreamClient(
      {.base_url = server.url() + "/", .credentials = [&] { return *credentials; }}, &clock);
  ASSERT_TRUE(client.ok());
  EXPECT_EQ((*client)->base_url(), server.url());
  const AttemptResult result =
      PostOne(**client, {.idempotency_key = "sub_1-1",
                         .body = "{}",
                         .api_key = (*client)->credentials()->at(0).api_key});
  EXPECT_EQ(result.outcome, AttemptClass::kAccepted);
  ASSERT_EQ(result.task_ids.size(), 1U);
  EXPECT_EQ(result.task_ids[0].value(), "task_1");
  EXPECT_NE(head.find("POST /v1/videos/generations HTTP/1.1\r\n"), std::string::npos);
  EXPECT_NE(head.find("Idempotency-Key: sub_1-1\r\n"), std::string::npos);
  EXPECT_NE(head.find("Authorization: Bearer sk-one\r\n"), std::string::npos);
}

TEST(HttpUpstreamClientTest, KeyIsLeftOutAndThenInProgressIsAmbiguous) {
  std::string head;
  ScriptedServer server([&](ScriptedConnection& connection) {
    head = connection.ReadRequest().value().head;
    connection.Answer(R"({"error":{"code":"idempotency_in_progress","message":"m"}})", 409);
  });
  SystemClock clock;
  auto client =
      NewHttpUpstreamClient({.base_url = server.url(), .send_idempotency_key = false}, &clock);
  ASSERT_TRUE(client.ok());
  const AttemptResult result = PostOne(**client, {.idempotency_key = "k", .body = "{}"});
  EXPECT_EQ(result.outcome, AttemptClass::kAmbiguous);
  EXPECT_EQ(head.find("Idempotency-Key"), std::string::npos);
  EXPECT_TRUE((*client)->credentials()->empty());
}

TEST(HttpUpstreamClientTest, TotalTimeoutBoundsAPostWithoutADeadline) {
  ScriptedServer server([](ScriptedConnection& connection) { connection.WaitForClose(); });
  SystemClock clock;
  auto client = NewHttpUpstreamClient(
      {.base_url = server.url(), .total_timeout = absl::Milliseconds(200)}, &clock);
  ASSERT_TRUE(client.ok());
  const AttemptResult result = PostOne(**client, {.body = "{}"});
  EXPECT_EQ(result.outcome, AttemptClass::kAmbiguous);
  EXPECT_EQ(result.upstream_code, "timeout");
}

TEST(HttpUpstreamClientTest, BadOptionsAreRefused) {
  SystemClock clock;
  EXPECT_FALSE(NewHttpUpstreamClient({.base_url = "nowhere"}, &clock).ok());
  EXPECT_FALSE(NewHttpUpstreamClient({.base_url = "http://h", .connections_max = 0}, &clock).ok());
  EXPECT_FALSE(NewHttpUpstreamClient({.base_url = "http://h", .ca_file = "/no/file"}, &clock).ok());
}

TEST(CredentialTest, FingerprintIsTheHeadOfTheDigest) {
  EXPECT_EQ(CredentialFingerprint(Secret("abc")), "ba7816bf8f01");
  const auto bad = MakeUpstreamCredentials({Secret("fine"), Secret("not\nfine")});
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(std::string(bad.status().message()).find("fine"), std::string::npos);
}

}  // namespace
}  // namespace genledger
