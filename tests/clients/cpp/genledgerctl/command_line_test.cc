// Exit codes, usage errors, help, credentials, terminals.
// The real program, against a server that answers what each test tells it to.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/synchronization/notification.h"
#include "tests/clients/cpp/fake_server.h"
#include "tests/clients/cpp/genledgerctl/ctl_fixture.h"
#include "tests/clients/cpp/genledgerctl/process.h"

namespace genledger::test {
namespace {

struct ExitCase {
  grpc::StatusCode code;
  const char* reason;
  int exit_code;
};

class ExitCodes : public testing::TestWithParam<ExitCase> {};

TEST_P(ExitCodes, FollowTheTable) {
  FakeServer server(
      SubmitFailing({.code = GetParam().code, .message = "m", .reason = GetParam().reason}));
  const Finished run = RunCtl(server, {"submit", "--prompt=p"});
  EXPECT_EQ(run.exit_code, GetParam().exit_code) << run.err;
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
      {"watch"},
      {"watch", "sub_1", "sub_2"},
      {"watch", "sub_1", "--request_id=r"},
      {"watch", "--request_id="},
      {"watch", "sub_1", "--after_revision=-1"},
      {"watch", "sub_1", "--after_revision=x"},
      {"cancel"},
      {"cancel", "sub_1", "--etag="},
      {"release", ""},
      {"retry", "sub_1"},
      {"retry", "--note=n"},
      {"resolve", "sub_1", "--note=n"},
      {"resolve", "sub_1", "--abandon"},
      {"resolve", "sub_1", "--abandon", "--note="},
      {"resolve", "--abandon", "--note=n"},
      {"resolve", "sub_1", "--abandon", "--declare_not_accepted", "--note=n"},
      {"resolve", "sub_1", "--adopt_task_id=", "--note=n"},
      {"resolve", "sub_1", "--abandon", "--attempt=1", "--note=n"},
      {"resolve", "sub_1", "--adopt_task_id=t", "--attempt=0", "--note=n"},
      {"resolve", "sub_1", "--abandon", "--yes", "--note=n"},
      {"resolve", "sub_1", "--filter=a", "--abandon", "--note=n"},
      {"resolve", "--filter=", "--abandon", "--note=n"},
      {"resolve", "--filter=a", "--adopt_task_id=t", "--note=n"},
      {"resolve", "--filter=a", "--abandon", "--etag=e", "--note=n"},
      {"unknown", "sub_1"},
      {"unknown", "--limit=0"},
      {"unknown", "--limit=10001"},
      {"status", "now"},
      {"status", "--output=id"},
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
