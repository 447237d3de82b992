// `genledgerctl unknown` and `status`.
// The real program, against a server that answers what each test tells it to.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/clients/cpp/fake_server.h"
#include "tests/clients/cpp/genledgerctl/ctl_fixture.h"
#include "tests/clients/cpp/genledgerctl/process.h"

namespace genledger::test {
namespace {

google::protobuf::Timestamp FromNow(absl::Duration offset) {
  google::protobuf::Timestamp time;
  time.set_seconds(absl::ToUnixSeconds(absl::Now() + offset));
  return time;
}

v1::Submission Unknown(const std::string& id) {
  v1::Submission submission;
  submission.set_id(id);
  submission.set_tenant("ads");
  submission.set_state(v1::Submission::STATE_OUTCOME_UNKNOWN);
  submission.mutable_spec()->set_prompt("two cats");
  submission.set_ambiguity_policy(v1::AMBIGUITY_POLICY_HOLD);
  submission.set_upstream_posts_sent(1);
  submission.set_charges_max(1);
  // Minutes are shown, so half of one is left for a slow machine.
  *submission.mutable_create_time() = FromNow(-absl::Hours(3) - absl::Seconds(30));
  v1::Attempt* attempt = submission.add_attempts();
  attempt->set_number(1);
  attempt->set_outcome(v1::Attempt::OUTCOME_AMBIGUOUS);
  attempt->set_http_status(504);
  attempt->set_upstream_code("gateway_timeout");
  attempt->set_upstream_message("late\x1b[2J");
  return submission;
}

// Lists these, one a page.
Handlers Listing(std::vector<v1::Submission> submissions,
                 std::shared_ptr<std::vector<v1::ListSubmissionsRequest>> seen = nullptr) {
  return {.list = [submissions = std::move(submissions), seen](
                      grpc::ServerContext&, const v1::ListSubmissionsRequest& request,
                      v1::ListSubmissionsResponse& response) {
    if (seen != nullptr) {
      seen->push_back(request);
    }
    const size_t at = request.page_token().empty() ? 0 : std::stoul(request.page_token());
    if (at < submissions.size()) {
      *response.add_submissions() = submissions[at];
    }
    response.set_next_page_token(at + 1 < submissions.size() ? std::to_string(at + 1) : "");
    return grpc::Status::OK;
  }};
}

TEST(UnknownTest, ShowsWhatIsKnownAndTheCommandsThatSettleIt) {
  FakeServer server(Listing({Unknown("sub_1")}));
  const Finished run = RunCtl(server, {"unknown", "--tenant=-"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  for (const char* part :
       {"id          sub_1\n", "tenant      ads\n", "prompt      two cats\n",
        "age         3h0m, created ",
        "why         attempt 1, HTTP 504: gateway_timeout: late\\x1b[2J\n", "posts_sent  1\n",
        "charges     0..1\n", "policy      HOLD: nothing happens until somebody settles it\n",
        "  genledgerctl resolve sub_1 --adopt_task_id=TASK_ID --note='…' --tenant=ads\n",
        "  genledgerctl resolve sub_1 --declare_not_accepted --note='…' --tenant=ads\n",
        "  genledgerctl resolve sub_1 --abandon --note='…' --tenant=ads\n",
        "\n1 unknown, 1 held for a person\n"}) {
    EXPECT_TRUE(Contains(run.out, part)) << part << "in:\n" << run.out;
  }
}

TEST(UnknownTest, SaysWhenThePolicyActsAndThatAnAttemptMustBeNamed) {
  v1::Submission submission = Unknown("sub_1");
  submission.set_ambiguity_policy(v1::AMBIGUITY_POLICY_RESUBMIT_ONCE);
  *submission.mutable_next_attempt_time() = FromNow(absl::Hours(2) + absl::Seconds(30));
  v1::Attempt* second = submission.add_attempts();
  second->set_number(2);
  second->set_outcome(v1::Attempt::OUTCOME_AMBIGUOUS);
  FakeServer server(Listing({submission}));
  const Finished run =
      RunProcess({Genledgerctl(), "unknown", "--server", server.address()}, {"TZ=UTC"}, "");
  for (const std::string& part :
       {std::string("policy      RESUBMIT_ONCE: acts in 2h0m, at "),
        std::string("why         attempt 2, no HTTP answer\n"),
        "--adopt_task_id=TASK_ID --attempt=N --note='…' --server=" + server.address() + "\n",
        std::string("\n1 unknown, 0 held for a person\n")}) {
    EXPECT_TRUE(Contains(run.out, part)) << part << "in:\n" << run.out;
  }
}

TEST(UnknownTest, AsksForTheOldestFirstAndFollowsThePages) {
  auto seen = std::make_shared<std::vector<v1::ListSubmissionsRequest>>();
  FakeServer server(Listing({Unknown("sub_1"), Unknown("sub_2"), Unknown("sub_3")}, seen));
  EXPECT_EQ(RunCtl(server, {"unknown", "--output=id"}).out, "sub_1\nsub_2\nsub_3\n");
  const Finished two = RunCtl(server, {"unknown", "--output=id", "--limit=2"});
  EXPECT_EQ(two.out, "sub_1\nsub_2\n");
  EXPECT_EQ(two.err, "there may be more: --limit=N\n");
  ASSERT_EQ(server.calls().size(), 5U);
  const v1::ListSubmissionsRequest& first = seen->front();
  EXPECT_EQ(first.filter(), "state = OUTCOME_UNKNOWN");
  EXPECT_EQ(first.order_by(), "create_time");
  EXPECT_EQ(first.view(), v1::SUBMISSION_VIEW_FULL);
}

TEST(UnknownTest, NothingUnknownIsGoodNews) {
  FakeServer server(Listing({}));
  const Finished run = RunCtl(server, {"unknown"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(run.out, "0 unknown, 0 held for a person\n");
  EXPECT_TRUE(Contains(RunCtl(server, {"unknown", "--output=json"}).out, "\"submissions\": []"));
}

Handlers StatusAnswering(const v1::ServiceStatus& status) {
  return {.status = [status](grpc::ServerContext&, const v1::GetServiceStatusRequest&,
                             v1::ServiceStatus& response) {
    response = status;
    return grpc::Status::OK;
  }};
}

v1::ServiceStatus ExampleStatus() {
  v1::ServiceStatus status;
  status.set_version("1.2.3");
  status.set_replica("host-1");
  *status.mutable_start_time() = FromNow(-absl::Hours(50) - absl::Minutes(30));
  status.set_ready(true);
  status.set_store("sqlite");
  status.set_schema_version(2);
  status.set_concurrency_limit(100);
  status.set_attempts_in_flight(3);
  status.set_retry_budget_left(97.25);
  (*status.mutable_submissions_by_state())["PENDING"] = 4;
  (*status.mutable_submissions_by_state())["DISPATCHING"] = 3;
  status.mutable_oldest_pending_age()->set_seconds(75);
  status.set_unknown_count(2);
  return status;
}

TEST(StatusTest, IsReadAsNamesAndValues) {
  v1::ServiceStatus status = ExampleStatus();
  v1::ServiceStatus::Breaker* breaker = status.add_breakers();
  breaker->set_scope("xcompute.us");
  breaker->set_state(v1::ServiceStatus::Breaker::STATE_OPEN);
  breaker->set_reason("UPSTREAM_UNAVAILABLE");
  *breaker->mutable_retry_time() = FromNow(absl::Hours(1) + absl::Seconds(30));
  FakeServer server(StatusAnswering(status));
  const Finished run = RunCtl(server, {"status"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  for (const char* part :
       {"server              ready\n", "version             1.2.3\n", ", 2d2h ago\n",
        "store               sqlite, schema version 2\n", "posts_in_flight     3 of at most 100\n",
        "retry_budget        97.2\n",
        "DISPATCHING         3\nPENDING             4\noldest_pending      1m15s\n",
        "unknown             2: see genledgerctl unknown\n", "unflushed_receipts  0\n\n",
        "BREAKER      STATE  NEXT_PROBE  REASON\n",
        "xcompute.us  OPEN   in 1h0m     UPSTREAM_UNAVAILABLE\n"}) {
    EXPECT_TRUE(Contains(run.out, part)) << part << "in:\n" << run.out;
  }
}

TEST(StatusTest, TroubleIsNamed) {
  v1::ServiceStatus status = ExampleStatus();
  status.set_ready(false);
  status.set_not_ready_reason("the store is down");
  status.set_unflushed_receipts(1);
  FakeServer server(StatusAnswering(status));
  const Finished run = RunCtl(server, {"status"});
  EXPECT_TRUE(Contains(run.out, "server              not ready: the store is down\n")) << run.out;
  EXPECT_TRUE(Contains(run.out, "unflushed_receipts  1: task_ids that the store has not taken"))
      << run.out;
  status.set_draining(true);
  FakeServer draining(StatusAnswering(status));
  EXPECT_TRUE(Contains(RunCtl(draining, {"status"}).out, "draining: it takes no new work\n"));
}

TEST(StatusTest, JsonIsTheMessage) {
  FakeServer server(StatusAnswering(ExampleStatus()));
  const Finished run = RunCtl(server, {"status", "--output=json"});
  EXPECT_TRUE(Contains(run.out, "\"attempts_in_flight\": 3")) << run.out;
}

TEST(StatusTest, IsForOperators) {
  FakeServer server(
      {.status = [](grpc::ServerContext&, const v1::GetServiceStatusRequest&, v1::ServiceStatus&) {
        return ToStatus({.code = grpc::StatusCode::PERMISSION_DENIED,
                         .message = "operators only",
                         .reason = "PERMISSION_DENIED"});
      }});
  EXPECT_EQ(RunCtl(server, {"status"}).exit_code, 9);
}

}  // namespace
}  // namespace genledger::test
