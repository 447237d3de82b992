// `genledgerctl submit`: what it sends and what it prints.
// The real program, against a server that answers what each test tells it to.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/clients/cpp/fake_server.h"
#include "tests/clients/cpp/genledgerctl/ctl_fixture.h"
#include "tests/clients/cpp/genledgerctl/process.h"

namespace genledger::test {
namespace {

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

constexpr char kFieldInvalidAsJson[] = R"json({
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
)json";

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
            "next: correct the fields named above and repeat\n");
  EXPECT_EQ(run.out, kFieldInvalidAsJson);
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

}  // namespace
}  // namespace genledger::test
