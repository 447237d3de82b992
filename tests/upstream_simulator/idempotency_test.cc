// The simulated upstream with and without support for Idempotency-Key.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/upstream_simulator/simulator_fixture.h"

namespace genledger {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kKey = "Idempotency-Key: k1\r\n";

using IdempotencyTest = SimulatorTest;

TEST_F(IdempotencyTest, KeyIsIgnoredByDefault) {
  const WireReply first = Submit(kKey);
  const WireReply second = Submit(kKey);
  EXPECT_NE(first.body, second.body);
  EXPECT_FALSE(second.headers.contains("idempotency-replayed"));
  EXPECT_EQ(simulator().stats().accepted, 2u);
  EXPECT_EQ(LastPost().idempotency_key, "k1");
}

TEST_F(IdempotencyTest, SameKeyAndBodyIsReplayed) {
  Start({.idempotency = true});
  const WireReply first = Submit(kKey);
  const WireReply second = Submit(kKey);
  EXPECT_FALSE(first.headers.contains("idempotency-replayed"));
  EXPECT_EQ(second.headers.at("idempotency-replayed"), "true");
  EXPECT_EQ(first.body, second.body);
  EXPECT_EQ(simulator().stats().accepted, 1u);
  EXPECT_EQ(simulator().stats().replayed, 1u);
}

TEST_F(IdempotencyTest, KeyReusedForAnotherBodyIsAConflict) {
  Start({.idempotency = true});
  Submit(kKey);
  const WireReply reply = AskOnce(port(), SubmitBytes(R"({"prompt":"other"})", kKey));
  EXPECT_EQ(reply.status, 409);
  EXPECT_THAT(reply.body, HasSubstr(R"("code":"idempotency_key_reused")"));
}

TEST_F(IdempotencyTest, KeysOfTwoCredentialsAreTwo) {
  Start({.api_keys = {"a", "b"}, .idempotency = true});
  EXPECT_NE(Submit(kKey, "a").body, Submit(kKey, "b").body);
}

TEST_F(IdempotencyTest, KeyInProgressIsAConflictWithRetryAfter) {
  Start({.idempotency = true});
  Script(R"({"when":{"count":1},"do":"hold"})");
  {
    WireClient holding(port());
    holding.Send(SubmitBytes(PageExample(), kKey));
    while (simulator().stats().posts_received == 0) {
    }
    const WireReply reply = Submit(kKey);
    EXPECT_EQ(reply.status, 409);
    EXPECT_THAT(reply.body, HasSubstr(R"("code":"idempotency_in_progress")"));
    EXPECT_EQ(reply.headers.at("retry-after"), "1");
  }
  // The held client is gone: once the server has seen it, the key is a replay.
  WireReply reply = Submit(kKey);
  while (reply.status == 409) {
    reply = Submit(kKey);
  }
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(simulator().stats().accepted, 1u);
}

TEST_F(IdempotencyTest, AmbiguousPostThatWasAcceptedIsReplayed) {
  Start({.idempotency = true});
  Script(R"({"when":{"count":1},"do":"reset","accept":true})");
  EXPECT_EQ(Submit(kKey).state, WireState::kReset);
  const std::string id = LastPost().task_ids.at(0);
  const WireReply reply = Submit(kKey);
  EXPECT_THAT(reply.body, HasSubstr(id));
  EXPECT_EQ(simulator().stats().accepted, 1u);
}

TEST_F(IdempotencyTest, PostThatWasNotAcceptedLeavesItsKeyUnused) {
  Start({.idempotency = true});
  Script(R"({"when":{"count":1},"status":500})");
  EXPECT_EQ(Submit(kKey).status, 500);
  const WireReply reply = Submit(kKey);
  EXPECT_EQ(reply.status, 200);
  EXPECT_FALSE(reply.headers.contains("idempotency-replayed"));
}

}  // namespace
}  // namespace genledger
