// Many submits at once: their order, their number, and what is repeated.
#include "clients/cpp/genledgerctl/bulk_submit.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

#include "absl/synchronization/barrier.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "clients/cpp/client.h"
#include "tests/clients/cpp/fake_server.h"

namespace genledger::ctl {
namespace {

using test::FakeServer;
using test::ToStatus;

constexpr absl::Duration kPatience = absl::Seconds(30);

std::string Jobs(int count) {
  std::string jobs;
  for (int i = 0; i < count; ++i) {
    jobs += "{\"prompt\": \"" + std::to_string(i) + "\"}\n";
  }
  return jobs;
}

std::unique_ptr<client::Client> Connect(const FakeServer& server) {
  client::Result<std::unique_ptr<client::Client>> made =
      client::Client::Create({.server = server.address(), .retry = {.attempts_max = 1}});
  return *std::move(made);
}

std::optional<BulkAnswer> NextOf(BulkSubmit& submit) {
  const absl::Time deadline = absl::Now() + kPatience;
  while (!submit.ended() && absl::Now() < deadline) {
    if (std::optional<BulkAnswer> answer = submit.Next(absl::Seconds(1)); answer.has_value()) {
      return answer;
    }
  }
  return std::nullopt;
}

TEST(BulkSubmitTest, AnswersComeInTheOrderOfTheLinesWhateverTakesLong) {
  constexpr int kConcurrency = 4;
  std::atomic<int> at_once = 0;
  std::atomic<int> most_at_once = 0;
  // Nobody is answered before as many calls are there as there may be.
  absl::Barrier* const all_there = new absl::Barrier(kConcurrency);
  FakeServer server({.submit = [&](grpc::ServerContext&, const v1::SubmitGenerationRequest& request,
                                   v1::SubmitGenerationResponse& response) {
    const int now = ++at_once;
    int most = most_at_once;
    while (most < now && !most_at_once.compare_exchange_weak(most, now)) {
    }
    if (std::stoi(request.spec().prompt()) < kConcurrency && all_there->Block()) {
      delete all_there;
    }
    response.mutable_submission()->set_id(request.spec().prompt());
    --at_once;
    return grpc::Status::OK;
  }});
  const std::unique_ptr<client::Client> client = Connect(server);
  std::istringstream in(Jobs(40));
  BulkReader reader(in, {});
  BulkSubmit submit(*client, reader, {.concurrency = kConcurrency, .patience = kPatience});
  for (int i = 0; i < 40; ++i) {
    const std::optional<BulkAnswer> answer = NextOf(submit);
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->answer->submission().id(), std::to_string(i));
    EXPECT_EQ(answer->job.line, i + 1);
  }
  EXPECT_FALSE(NextOf(submit).has_value());
  EXPECT_TRUE(submit.ended());
  EXPECT_EQ(submit.answered(), 40);
  EXPECT_EQ(most_at_once, kConcurrency);
}

TEST(BulkSubmitTest, NotNowIsRepeatedWithTheSameRequestIdAndNothingElseIs) {
  std::atomic<int> calls = 0;
  FakeServer server(
      {.submit = [&](grpc::ServerContext& context, const v1::SubmitGenerationRequest& request,
                     v1::SubmitGenerationResponse& response) {
        const int call = ++calls;
        if (request.spec().prompt() == "0" && call < 3) {
          return ToStatus({.code = call == 1 ? grpc::StatusCode::RESOURCE_EXHAUSTED
                                             : grpc::StatusCode::UNAVAILABLE,
                           .reason = "BACKLOG_FULL",
                           .retry_delay = absl::Milliseconds(1)});
        }
        if (request.spec().prompt() == "1") {
          return ToStatus({.code = grpc::StatusCode::INVALID_ARGUMENT, .reason = "FIELD_INVALID"});
        }
        if (request.spec().prompt() == "2") {
          context.AddTrailingMetadata("grpc-retry-pushback-ms", "-1");
          return ToStatus({.code = grpc::StatusCode::UNAVAILABLE});
        }
        response.mutable_submission()->set_id("s");
        return grpc::Status::OK;
      }});
  const std::unique_ptr<client::Client> client = Connect(server);
  std::istringstream in(Jobs(3));
  BulkReader reader(in, {});
  BulkSubmit submit(*client, reader, {.concurrency = 1, .patience = kPatience});
  EXPECT_TRUE(NextOf(submit)->answer.ok());
  EXPECT_EQ(NextOf(submit)->answer.error().reason, "FIELD_INVALID");
  EXPECT_FALSE(NextOf(submit)->answer.ok());
  ASSERT_EQ(server.calls().size(), 5U);
  EXPECT_EQ(server.calls()[0].submit.request_id(), server.calls()[2].submit.request_id());
}

TEST(BulkSubmitTest, PatienceEndsAndSoDoesABulkThatIsLeft) {
  FakeServer server({.submit = [](grpc::ServerContext&, const v1::SubmitGenerationRequest&,
                                  v1::SubmitGenerationResponse&) {
    return ToStatus(
        {.code = grpc::StatusCode::UNAVAILABLE, .reason = "DOWN", .retry_delay = absl::Hours(1)});
  }});
  const std::unique_ptr<client::Client> client = Connect(server);
  std::istringstream in(Jobs(1));
  BulkReader reader(in, {});
  {
    BulkSubmit submit(*client, reader, {.concurrency = 2, .patience = absl::Minutes(1)});
    EXPECT_EQ(NextOf(submit)->answer.error().reason, "DOWN");
  }
  std::istringstream more(Jobs(100));
  BulkReader left(more, {});
  const absl::Time start = absl::Now();
  {
    BulkSubmit submit(*client, left, {.concurrency = 2, .patience = absl::Hours(2)});
    EXPECT_FALSE(submit.Next(absl::Milliseconds(1)).has_value());
  }
  EXPECT_LT(absl::Now() - start, kPatience);
}

}  // namespace
}  // namespace genledger::ctl
