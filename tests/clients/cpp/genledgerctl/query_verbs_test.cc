// `genledgerctl get`, `list`, `models` and `health`.
// The real program, against a server that answers what each test tells it to.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tests/clients/cpp/fake_server.h"
#include "tests/clients/cpp/genledgerctl/ctl_fixture.h"
#include "tests/clients/cpp/genledgerctl/process.h"

namespace genledger::test {
namespace {

TEST(GetTest, AsksByEachKey) {
  auto seen = std::make_shared<std::vector<v1::GetSubmissionRequest>>();
  FakeServer server({.get = [seen](grpc::ServerContext&, const v1::GetSubmissionRequest& request,
                                   v1::Submission& response) {
    seen->push_back(request);
    response = ExampleSubmission();
    return grpc::Status::OK;
  }});
  EXPECT_EQ(RunCtl(server, {"get", "sub_1", "--view=basic"}).exit_code, 0);
  EXPECT_EQ(RunCtl(server, {"get", "--request_id=r", "--tenant=t"}).exit_code, 0);
  EXPECT_EQ(
      RunCtl(server, {"get", "--task_id", "t", "--wait_for_revision_after=7", "--wait=1500ms"})
          .exit_code,
      0);
  ASSERT_EQ(server.calls().size(), 3U);
  ASSERT_EQ(seen->size(), 3U);
  EXPECT_EQ((*seen)[0].id(), "sub_1");
  EXPECT_EQ((*seen)[0].view(), v1::SUBMISSION_VIEW_BASIC);
  EXPECT_FALSE((*seen)[0].has_wait());
  EXPECT_EQ((*seen)[1].request_id(), "r");
  EXPECT_EQ((*seen)[1].tenant(), "t");
  EXPECT_EQ((*seen)[2].task_id(), "t");
  EXPECT_EQ((*seen)[2].wait_for_revision_after(), 7);
  EXPECT_EQ((*seen)[2].wait().seconds(), 1);
  EXPECT_EQ((*seen)[2].wait().nanos(), 500'000'000);
}

TEST(GetTest, ShowsTheAttemptsAndEscapesWhatTheUpstreamSaid) {
  FakeServer server(
      {.get = [](grpc::ServerContext&, const v1::GetSubmissionRequest&, v1::Submission& response) {
        response.set_id("sub_1");
        response.set_state(v1::Submission::STATE_OUTCOME_UNKNOWN);
        v1::Attempt* attempt = response.add_attempts();
        attempt->set_number(1);
        attempt->set_run(1);
        attempt->set_outcome(v1::Attempt::OUTCOME_AMBIGUOUS);
        attempt->mutable_start_time()->set_seconds(1'700'000'000);
        attempt->mutable_end_time()->set_seconds(1'700'000'001);
        attempt->mutable_end_time()->set_nanos(250'000'000);
        attempt->set_http_status(504);
        attempt->set_upstream_message("\x1b[2J\nowned \u202e");
        return grpc::Status::OK;
      }});
  const Finished run = RunCtl(server, {"get", "sub_1"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(run.out,
            "id          sub_1\n"
            "state       OUTCOME_UNKNOWN\n"
            "task_id     -\n"
            "posts_sent  0\n"
            "charges     0..0\n"
            "revision    0\n"
            "\n"
            "ATTEMPT  RUN  OUTCOME    STARTED               TOOK   HTTP  TASK_IDS  MESSAGE\n"
            "1        1    AMBIGUOUS  2023-11-14T22:13:20Z  1.25s  504   -         "
            "\\x1b[2J\\nowned \\u202e\n");
  const Finished json = RunCtl(server, {"get", "sub_1", "--output=json"});
  EXPECT_EQ(json.out.find('\x1b'), std::string::npos);
  EXPECT_TRUE(Contains(json.out, "\\u202e")) << json.out;
}

TEST(GetTest, SeveralIdsAreOneCall) {
  FakeServer server(
      {.batch_get = [](grpc::ServerContext&, const v1::BatchGetSubmissionsRequest& request,
                       v1::BatchGetSubmissionsResponse& response) {
        for (const std::string& id : request.ids()) {
          response.add_submissions()->set_id(id);
        }
        return grpc::Status::OK;
      }});
  const Finished run = RunCtl(server, {"get", "sub_2", "sub_1", "--output=id"});
  EXPECT_EQ(run.out, "sub_2\nsub_1\n");
  EXPECT_EQ(server.calls().size(), 1U);
}

// Submissions sub_0 … sub_4 in pages.
Handlers ListOfFive() {
  return {.list = [](grpc::ServerContext&, const v1::ListSubmissionsRequest& request,
                     v1::ListSubmissionsResponse& response) {
    const int size = request.page_size() == 0 ? 2 : std::min(request.page_size(), 2);
    int at = request.page_token().empty() ? 0 : std::stoi(request.page_token());
    for (int i = 0; i < size && at < 5; ++i, ++at) {
      v1::Submission* submission = response.add_submissions();
      *submission = ExampleSubmission();
      submission->set_id("sub_" + std::to_string(at));
      if (at == 1) {
        submission->mutable_spec()->set_prompt("a\tcat");
        submission->set_state(v1::Submission::STATE_FAILED);
        submission->clear_task_id();
      }
    }
    response.set_next_page_token(at < 5 ? std::to_string(at) : "");
    return grpc::Status::OK;
  }};
}

TEST(ListTest, ShowsOnePageAndHowToGoOn) {
  FakeServer server(ListOfFive());
  const Finished run = RunCtl(server, {"list"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(run.out,
            "ID     STATE      TASK_ID                          MODEL        CREATED               "
            "CHARGES  PROMPT\n"
            "sub_0  SUBMITTED  task_01K8SGYNNNVBQTXNR4MM964S7K  veo3.1-fast  2023-11-14T22:13:20Z  "
            "1..1     海豚在碧蓝海洋中跳跃\n"
            "sub_1  FAILED     -                                veo3.1-fast  2023-11-14T22:13:20Z  "
            "1..1     a\\tcat\n");
  EXPECT_EQ(run.err, "more: --all, --limit=N, or --page_token=2\n");
}

TEST(ListTest, AllAndLimitFollowThePages) {
  FakeServer server(ListOfFive());
  EXPECT_EQ(RunCtl(server, {"list", "--all", "--output=id"}).out,
            "sub_0\nsub_1\nsub_2\nsub_3\nsub_4\n");
  EXPECT_EQ(RunCtl(server, {"list", "--limit=3", "--output=id"}).out, "sub_0\nsub_1\nsub_2\n");
  EXPECT_EQ(RunCtl(server, {"list", "--page_token=4", "--output=id"}).out, "sub_4\n");
}

TEST(ListTest, JsonIsOneDocument) {
  FakeServer server({.list = [](grpc::ServerContext&, const v1::ListSubmissionsRequest& request,
                                v1::ListSubmissionsResponse& response) {
    response.set_next_page_token(request.page_token().empty() ? "t" : "");
    return grpc::Status::OK;
  }});
  EXPECT_EQ(RunCtl(server, {"list", "--all", "--output=json"}).out,
            "{\n \"submissions\": [],\n \"next_page_token\": \"\"\n}\n");
}

TEST(ModelsTest, ShowsWhatEachAccepts) {
  FakeServer server({.models = [](grpc::ServerContext&, const v1::ListModelsRequest&,
                                  v1::ListModelsResponse& response) {
    v1::Model* model = response.add_models();
    model->set_name("veo3.1-lite");
    model->set_description("cheap");
    model->add_durations(8);
    model->add_aspect_ratios("16:9");
    model->add_aspect_ratios("9:16");
    model->add_resolutions("720p");
    model->set_supports_gif(true);
    return grpc::Status::OK;
  }});
  EXPECT_EQ(RunCtl(server, {"models"}).out,
            "NAME         DURATIONS  ASPECT_RATIOS  RESOLUTIONS  TYPES  IMAGES  GIF  FALLBACK  "
            "DESCRIPTION\n"
            "veo3.1-lite  8s         16:9,9:16      720p         -      0       yes  no        "
            "cheap\n");
}

TEST(HealthTest, ExitsWithZeroOnlyWhenServing) {
  FakeServer server(
      {.health = [](grpc::ServerContext&, const grpc::health::v1::HealthCheckRequest& request,
                    grpc::health::v1::HealthCheckResponse& response) {
        if (request.service() == "nonsense") {
          return grpc::Status(grpc::StatusCode::NOT_FOUND, "this server has no such service");
        }
        response.set_status(request.service().empty()
                                ? grpc::health::v1::HealthCheckResponse::SERVING
                                : grpc::health::v1::HealthCheckResponse::NOT_SERVING);
        return grpc::Status::OK;
      }});
  EXPECT_EQ(RunCtl(server, {"health"}).out, "SERVING\n");
  EXPECT_EQ(RunCtl(server, {"health"}).exit_code, 0);
  EXPECT_EQ(RunCtl(server, {"health", "draining"}).out, "NOT_SERVING\n");
  EXPECT_EQ(RunCtl(server, {"health", "draining"}).exit_code, 5);
  EXPECT_EQ(RunCtl(server, {"health", "nonsense"}).exit_code, 4);
}

TEST(HealthTest, NobodyListeningIsUnavailable) {
  std::string address;
  {
    FakeServer server({});
    address = server.address();
  }
  const Finished run = RunProcess({Genledgerctl(), "health", "--server", address}, {}, "");
  EXPECT_EQ(run.exit_code, 5);
  EXPECT_TRUE(Contains(run.err, "is the server running at " + address)) << run.err;
}

}  // namespace
}  // namespace genledger::test
