// The real program against a server that answers what each test tells it to.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <memory>

#include "absl/synchronization/notification.h"
#include "tests/clients/cpp/fake_server.h"
#include "tests/clients/cpp/genledgerctl/process.h"

namespace genledger::test {
namespace {

Finished RunCtl(const FakeServer& server, std::vector<std::string> words,
                const std::string& input = "") {
  words.insert(words.begin(), Genledgerctl());
  return RunProcess(words, {"GENLEDGER_SERVER=" + server.address(), "TZ=UTC"}, input);
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string WriteFile(const std::string& name, const std::string& content) {
  const char* const directory = std::getenv("TEST_TMPDIR");
  std::string path = std::string(directory == nullptr ? "/tmp" : directory) + "/" + name;
  std::ofstream(path) << content;
  return path;
}

Handlers SubmitAnswering(v1::Submission submission) {
  return {.submit = [submission](grpc::ServerContext&, const v1::SubmitGenerationRequest&,
                                 v1::SubmitGenerationResponse& response) {
    *response.mutable_submission() = submission;
    response.set_dedupe(v1::SubmitGenerationResponse::DEDUPE_CREATED);
    return grpc::Status::OK;
  }};
}

Handlers SubmitFailing(const FakeError& error) {
  return {.submit = [error](grpc::ServerContext& context, const v1::SubmitGenerationRequest&,
                            v1::SubmitGenerationResponse&) {
    context.AddTrailingMetadata("grpc-retry-pushback-ms", "-1");
    return ToStatus(error);
  }};
}

TEST(SubmitTest, PrintsTheSubmission) {
  FakeServer server(SubmitAnswering(ExampleSubmission()));
  const Finished run = RunCtl(server, {"submit", "--prompt", "海豚在碧蓝海洋中跳跃"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_EQ(run.out,
            "id            sub_01K88B53MTK41PP5KGDTG2PA5P\n"
            "state         SUBMITTED\n"
            "task_id       task_01K8SGYNNNVBQTXNR4MM964S7K\n"
            "dedupe        CREATED\n"
            "request_hash  00ff (v1)\n"
            "model         veo3.1-fast\n"
            "prompt        海豚在碧蓝海洋中跳跃\n"
            "duration      8s\n"
            "aspect_ratio  16:9\n"
            "resolution    720p\n"
            "request_id    order-1234 (and 1 more)\n"
            "label         app=shop\n"
            "label         team=ads\n"
            "posts_sent    1\n"
            "charges       1..1\n"
            "created       2023-11-14T22:13:20Z\n"
            "submitted     2023-11-14T22:13:23Z\n"
            "tenant        default\n"
            "revision      3\n");
}

TEST(SubmitTest, SendsEveryFlagAndKeepsPresence) {
  FakeServer server(SubmitAnswering(ExampleSubmission()));
  const Finished run = RunCtl(server,
                              {"submit",
                               "--model=",
                               "--prompt-file",
                               "-",
                               "--duration=8",
                               "--aspect_ratio=16:9",
                               "--generation_type=frame",
                               "--image_url=http://a/1.png",
                               "--image_url",
                               "",
                               "--resolution=4k",
                               "--enable_gif=false",
                               "--official_fallback",
                               "--variation=v",
                               "--request_id=r-1",
                               "--dedupe_mode=request_id_only",
                               "--dedupe_window=1m30s",
                               "--ambiguity_policy=resubmit_once",
                               "--wait=0",
                               "--submit_within=24h",
                               "--label=k=v=w",
                               "--label=empty="},
                              "two cats\n");
  ASSERT_EQ(run.exit_code, 0) << run.err;
  ASSERT_EQ(server.calls().size(), 1U);
  const v1::SubmitGenerationRequest seen = server.calls().front().submit;
  v1::SubmitGenerationRequest expected;
  v1::GenerationSpec* spec = expected.mutable_spec();
  spec->set_model("");
  spec->set_prompt("two cats\n");
  spec->set_duration(8);
  spec->set_aspect_ratio("16:9");
  spec->set_generation_type("frame");
  spec->add_image_urls("http://a/1.png");
  spec->add_image_urls("");
  spec->set_resolution("4k");
  spec->set_enable_gif(false);
  spec->set_official_fallback(true);
  expected.set_variation("v");
  expected.set_request_id("r-1");
  expected.set_dedupe_mode(v1::DEDUPE_MODE_REQUEST_ID_ONLY);
  expected.mutable_dedupe_window()->set_seconds(90);
  expected.set_ambiguity_policy(v1::AMBIGUITY_POLICY_RESUBMIT_ONCE);
  expected.mutable_wait();
  expected.mutable_submit_within()->set_seconds(86400);
  (*expected.mutable_labels())["k"] = "v=w";
  (*expected.mutable_labels())["empty"] = "";
  EXPECT_EQ(seen.DebugString(), expected.DebugString());
}

TEST(SubmitTest, WhatIsNotGivenStaysAbsent) {
  FakeServer server(SubmitAnswering(ExampleSubmission()));
  ASSERT_EQ(RunCtl(server, {"submit"}).exit_code, 0);
  v1::SubmitGenerationRequest expected;
  expected.mutable_spec();
  expected.mutable_wait()->set_seconds(20);
  EXPECT_EQ(server.calls().front().submit.DebugString(), expected.DebugString());
}

TEST(SubmitTest, TakesThePagesOwnBody) {
  FakeServer server(SubmitAnswering(ExampleSubmission()));
  const std::string body =
      R"({"model": "veo3.1-fast", "prompt": "海豚", "duration": 8, "enable_gif": false,
          "image_urls": ["https://e.example/1.png"]})";
  ASSERT_EQ(RunCtl(server, {"submit", "--spec_json=-"}, body).exit_code, 0);
  ASSERT_EQ(RunCtl(server, {"submit", "--spec_json", WriteFile("body.json", body)}).exit_code, 0);
  v1::GenerationSpec expected;
  expected.set_model("veo3.1-fast");
  expected.set_prompt("海豚");
  expected.set_duration(8);
  expected.set_enable_gif(false);
  expected.add_image_urls("https://e.example/1.png");
  for (const SeenCall& call : server.calls()) {
    EXPECT_EQ(call.submit.spec().DebugString(), expected.DebugString());
  }
}

TEST(SubmitTest, AnUnknownFieldOfTheBodyIsAnInvalidArgumentAndSendsNothing) {
  FakeServer server(SubmitAnswering(ExampleSubmission()));
  const Finished run =
      RunCtl(server, {"submit", "--spec_json=-", "--output=json"}, R"({"prompt": "p", "seed": 1})");
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_TRUE(Contains(run.err, "seed")) << run.err;
  EXPECT_TRUE(Contains(run.out, "\"code\": \"INVALID_ARGUMENT\"")) << run.out;
  EXPECT_TRUE(server.calls().empty());
}

TEST(SubmitTest, AutoMintsOneRequestIdForAllAttempts) {
  auto first = std::make_shared<bool>(true);
  FakeServer server({.submit = [first](grpc::ServerContext&, const v1::SubmitGenerationRequest&,
                                       v1::SubmitGenerationResponse& response) {
    if (*first) {
      *first = false;
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, "not now");
    }
    *response.mutable_submission() = ExampleSubmission();
    return grpc::Status::OK;
  }});
  const Finished run = RunCtl(server, {"submit", "--prompt=p", "--request_id=auto", "--output=id"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "task_01K8SGYNNNVBQTXNR4MM964S7K\n");
  ASSERT_EQ(server.calls().size(), 2U);
  const std::string request_id = server.calls()[0].submit.request_id();
  EXPECT_EQ(request_id.size(), 36U);
  EXPECT_EQ(server.calls()[1].submit.request_id(), request_id);
  EXPECT_EQ(run.err, "request_id " + request_id + "\n");
}

TEST(SubmitTest, WithoutATaskIdItIsStillPending) {
  v1::Submission pending = ExampleSubmission();
  pending.set_state(v1::Submission::STATE_PENDING);
  pending.clear_task_id();
  FakeServer server(SubmitAnswering(pending));
  const Finished run = RunCtl(server, {"submit", "--prompt=p", "--output=id"});
  EXPECT_EQ(run.exit_code, 11);
  EXPECT_EQ(run.out, pending.id() + "\n");
}

TEST(SubmitTest, ValidateOnlyPrintsThePreview) {
  FakeServer server({.submit = [](grpc::ServerContext&, const v1::SubmitGenerationRequest& request,
                                  v1::SubmitGenerationResponse& response) {
    EXPECT_TRUE(request.validate_only());
    auto* preview = response.mutable_preview();
    preview->mutable_canonical_spec()->set_model("veo3.1-fast");
    preview->set_request_hash("00ff");
    preview->set_hash_version(1);
    preview->set_would(v1::SubmitGenerationResponse::DEDUPE_JOINED);
    preview->set_submission_id("sub_1");
    return grpc::Status::OK;
  }});
  const Finished run = RunCtl(server, {"submit", "--prompt=p", "--validate_only"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(run.out,
            "valid          yes; nothing was sent or recorded\n"
            "would_be       JOINED\n"
            "submission_id  sub_1\n"
            "request_hash   00ff (v1)\n"
            "model          veo3.1-fast\n");
}

TEST(SubmitTest, AnErrorNamesEveryViolationAndTheNextStep) {
  FakeServer server(SubmitFailing(
      {.code = grpc::StatusCode::INVALID_ARGUMENT,
       .message = "spec.duration: must be 8 (and 1 more)",
       .reason = "FIELD_INVALID",
       .violations = {{"spec.duration", "must be 8"}, {"spec.prompt", "is required"}}}));
  const Finished run = RunCtl(server, {"submit", "--output=json"});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_EQ(run.err,
            "genledgerctl: INVALID_ARGUMENT (FIELD_INVALID): spec.duration: must be 8 (and 1 "
            "more)\n"
            "  spec.duration: must be 8\n"
            "  spec.prompt: is required\n"
            "next: correct the fields named above and submit again\n");
  EXPECT_EQ(run.out, R"({
 "error": {
  "code": "INVALID_ARGUMENT",
  "reason": "FIELD_INVALID",
  "message": "spec.duration: must be 8 (and 1 more)",
  "violations": [
   {"field": "spec.duration", "description": "must be 8"},
   {"field": "spec.prompt", "description": "is required"}
  ],
  "metadata": {},
  "attempts": 1,
  "exit_code": 3
}
}
)");
}

TEST(SubmitTest, AnErrorSaysWhenToRepeat) {
  FakeServer server(SubmitFailing({.code = grpc::StatusCode::RESOURCE_EXHAUSTED,
                                   .message = "too many",
                                   .reason = "BACKLOG_FULL",
                                   .retry_delay = absl::Milliseconds(29'300)}));
  const Finished run = RunCtl(server, {"submit", "--output", "json"});
  EXPECT_EQ(run.exit_code, 10);
  EXPECT_TRUE(Contains(run.err, "next: repeat the same command in 30s\n")) << run.err;
  EXPECT_TRUE(Contains(run.out, "\"retry_delay\": \"29.300s\"")) << run.out;
}

struct ExitCase {
  grpc::StatusCode code;
  const char* reason;
  int exit_code;
};

class ExitCodes : public testing::TestWithParam<ExitCase> {};

TEST_P(ExitCodes, FollowTheTable) {
  FakeServer server(
      SubmitFailing({.code = GetParam().code, .message = "m", .reason = GetParam().reason}));
  EXPECT_EQ(RunCtl(server, {"submit", "--prompt=p"}).exit_code, GetParam().exit_code);
}

INSTANTIATE_TEST_SUITE_P(
    Errors, ExitCodes,
    testing::Values(ExitCase{grpc::StatusCode::INTERNAL, "", 1},
                    ExitCase{grpc::StatusCode::UNKNOWN, "", 1},
                    ExitCase{grpc::StatusCode::UNIMPLEMENTED, "", 1},
                    ExitCase{grpc::StatusCode::INVALID_ARGUMENT, "FIELD_INVALID", 3},
                    ExitCase{grpc::StatusCode::INVALID_ARGUMENT, "UPSTREAM_REFUSED_REQUEST", 7},
                    ExitCase{grpc::StatusCode::NOT_FOUND, "SUBMISSION_NOT_FOUND", 4},
                    ExitCase{grpc::StatusCode::UNAVAILABLE, "UPSTREAM_UNAVAILABLE", 5},
                    ExitCase{grpc::StatusCode::DEADLINE_EXCEEDED, "", 5},
                    ExitCase{grpc::StatusCode::ALREADY_EXISTS, "REQUEST_ID_REUSED", 6},
                    ExitCase{grpc::StatusCode::ABORTED, "ETAG_MISMATCH", 6},
                    ExitCase{grpc::StatusCode::FAILED_PRECONDITION, "UPSTREAM_BALANCE_EXHAUSTED",
                             7},
                    ExitCase{grpc::StatusCode::FAILED_PRECONDITION, "UPSTREAM_OUTCOME_UNKNOWN", 8},
                    ExitCase{grpc::StatusCode::FAILED_PRECONDITION, "SUBMISSION_ABANDONED", 8},
                    ExitCase{grpc::StatusCode::UNAUTHENTICATED, "UNAUTHENTICATED", 9},
                    ExitCase{grpc::StatusCode::PERMISSION_DENIED, "PERMISSION_DENIED", 9},
                    ExitCase{grpc::StatusCode::RESOURCE_EXHAUSTED, "UPSTREAM_RATE_LIMITED", 10}));

TEST(UsageTest, BadCommandLinesAreRefusedInOneLineAndSendNothing) {
  FakeServer server({});
  const std::vector<std::vector<std::string>> lines = {
      {},
      {"sbumit"},
      {"help", "nonsense"},
      {"submit", "--promt=x"},
      {"submit", "operand"},
      {"submit", "--prompt"},
      {"submit", "--duration=eight"},
      {"submit", "--duration=99999999999"},
      {"submit", "--wait=-1s"},
      {"submit", "--wait=inf"},
      {"submit", "--dedupe_mode=none"},
      {"submit", "--ambiguity_policy="},
      {"submit", "--label=novalue"},
      {"submit", "--label=a=1", "--label=a=2"},
      {"submit", "--prompt=a", "--prompt=b"},
      {"submit", "--prompt=a", "--prompt_file=-"},
      {"submit", "--spec_json=-", "--model=m"},
      {"submit", "--prompt_file=/nonexistent/prompt"},
      {"submit", "--request_id="},
      {"submit", "--validate_only", "--output=id"},
      {"submit", "--prompt=\xff"},
      {"submit", "--output=xml"},
      {"submit", "--timeout=0"},
      {"submit", "--server=nonsense"},
      {"submit", "--token_file="},
      {"get"},
      {"get", "sub_1", "--request_id=r"},
      {"get", "sub_1", "--wait=5s"},
      {"get", "sub_1", "--view=all"},
      {"get", "sub_1", "--wait_for_revision_after=x"},
      {"list", "--all", "--limit=5"},
      {"list", "--limit=0"},
      {"health", "a", "b"},
  };
  for (const std::vector<std::string>& line : lines) {
    const Finished run = RunCtl(server, line);
    const std::string shown = testing::PrintToString(line);
    EXPECT_EQ(run.exit_code, 2) << shown;
    EXPECT_EQ(run.out, "") << shown;
    EXPECT_EQ(run.err.find('\n'), run.err.size() - 1) << shown << run.err;
  }
  EXPECT_TRUE(server.calls().empty());
}

TEST(UsageTest, HelpIsAnAnswer) {
  FakeServer server({});
  for (const std::vector<std::string>& line : std::vector<std::vector<std::string>>{
           {"help"}, {"--help"}, {"-h"}, {"help", "get"}, {"get", "--help"}, {"get", "-h"}}) {
    const Finished run = RunCtl(server, line);
    EXPECT_EQ(run.exit_code, 0) << testing::PrintToString(line);
    EXPECT_TRUE(Contains(run.out, "exit codes:"));
    EXPECT_EQ(run.err, "");
  }
}

TEST(UsageTest, FlagsOfEveryVerbMayStandBeforeIt) {
  FakeServer server(SubmitAnswering(ExampleSubmission()));
  const Finished run = RunProcess(
      {Genledgerctl(), "--server", server.address(), "--output=id", "submit", "--prompt=p"}, {},
      "");
  EXPECT_EQ(run.exit_code, 0) << run.err;
}

TEST(TokenTest, IsSentFromItsFileAndNeverPrinted) {
  FakeServer server(SubmitAnswering(ExampleSubmission()));
  const std::string path = WriteFile("ctl_token", "s3cret\n");
  const Finished run = RunCtl(server, {"submit", "--prompt=p", "--token_file", path});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(server.calls().front().authorization, "Bearer s3cret");
  EXPECT_FALSE(Contains(run.out + run.err, "s3cret"));
}

TEST(TokenTest, AMissingFileIsUnauthenticated) {
  FakeServer server({});
  const Finished run = RunCtl(server, {"models", "--token_file=/nonexistent/token"});
  EXPECT_EQ(run.exit_code, 9);
  EXPECT_TRUE(Contains(run.err, "/nonexistent/token")) << run.err;
}

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

TEST(OutputTest, AFullDiskIsAnError) {
  FakeServer server(SubmitAnswering(ExampleSubmission()));
  const std::string shell =
      Genledgerctl() + " submit --prompt=p --server=" + server.address() + " > /dev/full";
  const Finished run = RunProcess({"/bin/sh", "-c", shell}, {}, "");
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_TRUE(Contains(run.err, "could not be written")) << run.err;
}

TEST(TerminalTest, ProgressAndColoursAreShown) {
  absl::Notification asked;
  FakeServer server({.submit =
                         [&asked](grpc::ServerContext&, const v1::SubmitGenerationRequest&,
                                  v1::SubmitGenerationResponse& response) {
                           // Answers once the state was shown and asked for again.
                           asked.WaitForNotification();
                           *response.mutable_submission() = ExampleSubmission();
                           return grpc::Status::OK;
                         },
                     .get =
                         [&asked, times = std::make_shared<int>(0)](
                             grpc::ServerContext&, const v1::GetSubmissionRequest& request,
                             v1::Submission& response) {
                           EXPECT_EQ(request.request_id(), "r-1");
                           response.set_state(v1::Submission::STATE_DISPATCHING);
                           if (++*times == 2) {
                             asked.Notify();
                           }
                           return grpc::Status::OK;
                         }});
  const Finished run = RunOnTerminal(
      {Genledgerctl(), "submit", "--prompt=p", "--request_id=r-1", "--server=" + server.address()},
      {"TERM=xterm"});
  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_TRUE(Contains(run.out, "\r\x1b[Kwaiting 0s")) << run.out;
  EXPECT_TRUE(Contains(run.out, "s, DISPATCHING")) << run.out;
  EXPECT_TRUE(Contains(run.out, "\x1b[32mSUBMITTED\x1b[0m")) << run.out;
}

TEST(TerminalTest, NoColorIsHonoured) {
  FakeServer server(SubmitAnswering(ExampleSubmission()));
  const std::vector<std::string> words = {Genledgerctl(), "submit", "--prompt=p", "--wait=0",
                                          "--server=" + server.address()};
  EXPECT_FALSE(Contains(RunOnTerminal(words, {"TERM=xterm", "NO_COLOR=1"}).out, "\x1b[32m"));
  EXPECT_FALSE(Contains(RunOnTerminal(words, {"TERM=dumb"}).out, "\x1b[32m"));
  std::vector<std::string> flagged = words;
  flagged.emplace_back("--no_color");
  EXPECT_FALSE(Contains(RunOnTerminal(flagged, {"TERM=xterm"}).out, "\x1b[32m"));
}

TEST(TerminalTest, LocalTimesStandBesideUtc) {
  FakeServer server(SubmitAnswering(ExampleSubmission()));
  const Finished run =
      RunProcess({Genledgerctl(), "submit", "--prompt=p", "--server=" + server.address()},
                 {"TZ=Asia/Shanghai"}, "");
  EXPECT_TRUE(Contains(run.out, "2023-11-14T22:13:20Z  (2023-11-15 06:13:20 +08:00 local)"))
      << run.out;
}

}  // namespace
}  // namespace genledger::test
