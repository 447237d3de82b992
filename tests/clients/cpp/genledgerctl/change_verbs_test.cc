// `genledgerctl cancel`, `release`, `retry` and `resolve`.
// The real program, against a server that answers what each test tells it to.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "tests/clients/cpp/fake_server.h"
#include "tests/clients/cpp/genledgerctl/ctl_fixture.h"
#include "tests/clients/cpp/genledgerctl/process.h"

namespace genledger::test {
namespace {

using CancelResponse = v1::CancelSubmissionResponse;

// The requests that came in, as text.
class Seen {
 public:
  void Add(const google::protobuf::Message& request) {
    absl::MutexLock lock(&mu_);
    texts_.push_back(request.ShortDebugString());
  }
  std::vector<std::string> texts() const {
    absl::MutexLock lock(&mu_);
    return texts_;
  }

 private:
  mutable absl::Mutex mu_;
  std::vector<std::string> texts_ ABSL_GUARDED_BY(mu_);
};

// Answers with the example and keeps the request.
auto Answering(Seen& seen) {
  return [&seen](grpc::ServerContext&, const auto& request, v1::Submission& response) {
    seen.Add(request);
    response = ExampleSubmission();
    return grpc::Status::OK;
  };
}

struct CancelCase {
  CancelResponse::Outcome outcome;
  v1::Submission::State state;
  int exit_code;
};

class CancelOutcomes : public testing::TestWithParam<CancelCase> {};

TEST_P(CancelOutcomes, HaveTheirExitCode) {
  FakeServer server({.cancel = [](grpc::ServerContext&, const v1::CancelSubmissionRequest&,
                                  CancelResponse& response) {
    response.set_outcome(GetParam().outcome);
    *response.mutable_submission() = ExampleSubmission();
    response.mutable_submission()->set_state(GetParam().state);
    return grpc::Status::OK;
  }});
  const Finished run = RunCtl(server, {"cancel", "sub_1"});
  EXPECT_EQ(run.exit_code, GetParam().exit_code) << run.out;
  const std::string name = CancelResponse::Outcome_Name(GetParam().outcome).substr(8);
  EXPECT_EQ(run.out.rfind(name + ": ", 0), 0U) << run.out;
  EXPECT_TRUE(Contains(run.out, "\nid  ")) << run.out;
}

INSTANTIATE_TEST_SUITE_P(
    Outcomes, CancelOutcomes,
    testing::Values(
        CancelCase{CancelResponse::OUTCOME_CANCELLED_FREE, v1::Submission::STATE_CANCELLED, 0},
        CancelCase{CancelResponse::OUTCOME_DETACHED, v1::Submission::STATE_PENDING, 0},
        CancelCase{CancelResponse::OUTCOME_CANCEL_REQUESTED, v1::Submission::STATE_DISPATCHING, 11},
        CancelCase{CancelResponse::OUTCOME_TOO_LATE, v1::Submission::STATE_SUBMITTED, 7},
        CancelCase{CancelResponse::OUTCOME_ALREADY_TERMINAL, v1::Submission::STATE_CANCELLED, 0},
        CancelCase{CancelResponse::OUTCOME_ALREADY_TERMINAL, v1::Submission::STATE_FAILED, 0},
        CancelCase{CancelResponse::OUTCOME_ALREADY_TERMINAL, v1::Submission::STATE_ABANDONED, 8}));

TEST(CancelTest, SendsTheKeyTheEtagAndTheTenant) {
  Seen seen;
  FakeServer server(
      {.cancel = [&seen](grpc::ServerContext&, const v1::CancelSubmissionRequest& request,
                         CancelResponse& response) {
        seen.Add(request);
        response.set_outcome(CancelResponse::OUTCOME_DETACHED);
        return grpc::Status::OK;
      }});
  EXPECT_EQ(RunCtl(server, {"cancel", "sub_1", "--etag=e", "--tenant=t"}).exit_code, 0);
  const Finished json = RunCtl(server, {"cancel", "--request_id=r", "--output=json"});
  EXPECT_TRUE(Contains(json.out, "\"outcome\": \"OUTCOME_DETACHED\"")) << json.out;
  EXPECT_EQ(seen.texts(), (std::vector<std::string>{"id: \"sub_1\" etag: \"e\" tenant: \"t\"",
                                                    "request_id: \"r\""}));
}

TEST(ReleaseTest, SendsTheRequestAndPrintsTheSubmission) {
  Seen seen;
  FakeServer server({.release = Answering(seen)});
  const Finished run = RunCtl(server, {"release", "sub_1", "--etag=e", "--tenant=t"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_TRUE(Contains(run.out, "state         SUBMITTED\n")) << run.out;
  EXPECT_EQ(seen.texts(), (std::vector<std::string>{"id: \"sub_1\" etag: \"e\" tenant: \"t\""}));
}

TEST(RetryTest, SendsTheNoteAndPrintsTheSubmission) {
  Seen seen;
  FakeServer server({.retry = Answering(seen)});
  const Finished run = RunCtl(
      server, {"retry", "sub_1", "--note=topped up", "--etag=e", "--tenant=t", "--output=id"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "task_01K8SGYNNNVBQTXNR4MM964S7K\n");
  EXPECT_EQ(
      seen.texts(),
      (std::vector<std::string>{"id: \"sub_1\" tenant: \"t\" etag: \"e\" note: \"topped up\""}));
}

TEST(RetryTest, AnIllegalStateSaysWhatToDo) {
  FakeServer server(
      {.retry = [](grpc::ServerContext&, const v1::RetrySubmissionRequest&, v1::Submission&) {
        return ToStatus({.code = grpc::StatusCode::FAILED_PRECONDITION,
                         .message = "it is SUBMITTED",
                         .reason = "ILLEGAL_STATE"});
      }});
  const Finished run = RunCtl(server, {"retry", "sub_1", "--note=n"});
  EXPECT_EQ(run.exit_code, 7);
  EXPECT_TRUE(Contains(run.err, "next: look at its present state with genledgerctl get\n"))
      << run.err;
}

TEST(RetryTest, AServerWithoutTheVerbIsNamedAsTheCause) {
  FakeServer server({});
  const Finished run = RunCtl(server, {"retry", "sub_1", "--note=n"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_TRUE(Contains(run.err, "next: this server does not offer that")) << run.err;
}

TEST(ResolveTest, SendsEachResolution) {
  Seen seen;
  FakeServer server({.resolve = Answering(seen)});
  const std::vector<std::vector<std::string>> lines = {
      {"resolve", "sub_1", "--adopt_task_id=task_1", "--attempt=2", "--note=n"},
      {"resolve", "sub_1", "--declare_not_accepted", "--note=n", "--etag=e", "--tenant=t"},
      {"resolve", "sub_1", "--abandon", "--note=n"}};
  for (const std::vector<std::string>& line : lines) {
    const Finished run = RunCtl(server, line);
    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_TRUE(Contains(run.out, "state         SUBMITTED\n")) << run.out;
  }
  EXPECT_EQ(seen.texts(),
            (std::vector<std::string>{
                "id: \"sub_1\" resolution { adopt_task_id: \"task_1\" note: \"n\" } attempt: 2",
                "id: \"sub_1\" tenant: \"t\" etag: \"e\" resolution { declare_not_accepted { } "
                "note: \"n\" }",
                "id: \"sub_1\" resolution { abandon { } note: \"n\" }"}));
}

// BulkResolveSubmissions finds three and settles two of them.
Handlers BulkOfThree(Seen& seen) {
  return {.bulk_resolve = [&seen](grpc::ServerContext&,
                                  const v1::BulkResolveSubmissionsRequest& request,
                                  v1::BulkResolveSubmissionsResponse& response) {
    seen.Add(request);
    response.set_matched(3);
    response.set_resolved(request.dry_run() ? 0 : 2);
    response.add_sample_ids("sub_1");
    response.add_sample_ids("sub_2");
    return grpc::Status::OK;
  }};
}

TEST(BulkResolveTest, WithoutYesItOnlyShowsWhatItWouldDo) {
  Seen seen;
  FakeServer server(BulkOfThree(seen));
  const Finished run =
      RunCtl(server, {"resolve", "--filter=model = m", "--abandon", "--note=n", "--tenant=-"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "would abandon: 3\n  sub_1\n  sub_2\n  and 1 more\n");
  EXPECT_EQ(run.err, "nothing was changed; add --yes to do it\n");
  EXPECT_EQ(seen.texts(),
            (std::vector<std::string>{"tenant: \"-\" filter: \"model = m\" resolution { abandon { "
                                      "} note: \"n\" } dry_run: true"}));
}

TEST(BulkResolveTest, WithYesItSettlesThem) {
  Seen seen;
  FakeServer server(BulkOfThree(seen));
  const std::vector<std::string> line = {"resolve", "--filter=model = m", "--declare_not_accepted",
                                         "--note=n", "--yes"};
  const Finished run = RunCtl(server, line);
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "declare not accepted: 2 of 3\n  sub_1\n  sub_2\n");
  EXPECT_EQ(run.err, "next: see what is left with genledgerctl unknown\n");
  EXPECT_FALSE(Contains(seen.texts().front(), "dry_run"));
  std::vector<std::string> json = line;
  json.emplace_back("--output=json");
  EXPECT_TRUE(Contains(RunCtl(server, json).out, "\"resolved\": \"2\""));
  std::vector<std::string> ids = line;
  ids.emplace_back("--output=id");
  EXPECT_EQ(RunCtl(server, ids).out, "sub_1\nsub_2\n");
}

}  // namespace
}  // namespace genledger::test
