#include "clients/cpp/client.h"

#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <set>

#include "absl/synchronization/notification.h"
#include "clients/cpp/request_id.h"
#include "tests/clients/cpp/fake_server.h"

namespace genledger::client {
namespace {

using test::ExampleSubmission;
using test::FakeError;
using test::FakeServer;
using test::Handlers;
using test::ToStatus;

// Time that only sleeping moves.
class ManualTime {
 public:
  Environment environment() {
    return {.now = [this] { return now_; },
            .sleep =
                [this](absl::Duration delay) {
                  delays_.push_back(delay);
                  now_ += delay;
                },
            .random = [] { return 0.5; }};
  }
  const std::vector<absl::Duration>& delays() const { return delays_; }

 private:
  absl::Time now_ = absl::UnixEpoch();
  std::vector<absl::Duration> delays_;
};

struct Reach {
  const FakeServer& server;
  ManualTime& time;
};

std::unique_ptr<Client> Connect(const Reach& reach, ClientOptions options = {}) {
  options.server = reach.server.address();
  options.environment = reach.time.environment();
  Result<std::unique_ptr<Client>> client = Client::Create(std::move(options));
  EXPECT_TRUE(client.ok());
  return *std::move(client);
}

std::string WriteFile(const std::string& name, const std::string& content) {
  const char* const directory = std::getenv("TEST_TMPDIR");
  std::string path = std::string(directory == nullptr ? "/tmp" : directory) + "/" + name;
  std::ofstream(path) << content;
  return path;
}

// Fails with these in turn, then answers with the example.
Handlers SubmitFailingWith(std::vector<FakeError> errors, const std::string& pushback = "") {
  auto left = std::make_shared<std::vector<FakeError>>(std::move(errors));
  return {.submit = [left, pushback](grpc::ServerContext& context,
                                     const v1::SubmitGenerationRequest&,
                                     v1::SubmitGenerationResponse& response) {
    if (left->empty()) {
      *response.mutable_submission() = ExampleSubmission();
      return grpc::Status::OK;
    }
    if (!pushback.empty()) {
      context.AddTrailingMetadata("grpc-retry-pushback-ms", pushback);
    }
    const FakeError error = left->front();
    left->erase(left->begin());
    return ToStatus(error);
  }};
}

const FakeError kUnavailable = {.code = grpc::StatusCode::UNAVAILABLE, .message = "not now"};

TEST(ClientTest, UnavailableIsRetriedWithTheSameRequestAndFullJitter) {
  FakeServer server(SubmitFailingWith({kUnavailable, kUnavailable}));
  ManualTime time;
  v1::SubmitGenerationRequest request;
  request.mutable_spec()->set_prompt("p");
  request.set_request_id(NewRequestId());

  const auto answer = Connect({server, time})->Submit(request);

  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->submission().task_id(), ExampleSubmission().task_id());
  ASSERT_EQ(server.calls().size(), 3U);
  for (const test::SeenCall& call : server.calls()) {
    EXPECT_EQ(call.submit.SerializeAsString(), request.SerializeAsString());
  }
  // Half (the random share) of 100 ms, then of 200 ms.
  EXPECT_EQ(time.delays(), (std::vector{absl::Milliseconds(50), absl::Milliseconds(100)}));
}

TEST(ClientTest, AttemptsAreBounded) {
  FakeServer server(SubmitFailingWith(std::vector<FakeError>(9, kUnavailable)));
  ManualTime time;
  const auto answer = Connect({server, time}, {.retry = {.attempts_max = 3}})->Submit({});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().attempts, 3);
  EXPECT_EQ(answer.error().stop, RetryStop::kAttemptsUsedUp);
  EXPECT_EQ(server.calls().size(), 3U);
}

TEST(ClientTest, ARestartOfTenSecondsIsOutlived) {
  ManualTime time;
  const absl::Time start = time.environment().now();
  FakeServer server({.submit = [&](grpc::ServerContext&, const v1::SubmitGenerationRequest&,
                                   v1::SubmitGenerationResponse& response) {
    if (time.environment().now() - start < absl::Seconds(10)) {
      return ToStatus(kUnavailable);
    }
    *response.mutable_submission() = ExampleSubmission();
    return grpc::Status::OK;
  }});
  const auto answer = Connect({server, time})->Submit({});
  EXPECT_TRUE(answer.ok()) << answer.error().message;
}

TEST(ClientTest, ACallThatTheServerResetsIsRetried) {
  // What a server that shuts down makes of the calls that are still there.
  FakeServer server(SubmitFailingWith({{.code = grpc::StatusCode::CANCELLED, .message = "m"}}));
  ManualTime time;
  const auto answer = Connect({server, time})->Submit({});
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(server.calls().size(), 2U);
}

class EveryOtherCode : public testing::TestWithParam<int> {};

TEST_P(EveryOtherCode, IsNeverRetried) {
  const auto code = static_cast<grpc::StatusCode>(GetParam());
  // Even where the server says when to come back.
  FakeServer server(
      SubmitFailingWith({{.code = code, .message = "m", .retry_delay = absl::Seconds(1)}}, "100"));
  ManualTime time;
  const auto answer = Connect({server, time})->Submit({});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, code);
  EXPECT_EQ(answer.error().stop, RetryStop::kNotRetryable);
  EXPECT_EQ(server.calls().size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Codes, EveryOtherCode,
                         testing::Values(2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 16));

TEST(ClientTest, PushbackOfMinusOneForbidsTheRetry) {
  FakeServer server(SubmitFailingWith({kUnavailable}, "-1"));
  ManualTime time;
  const auto answer = Connect({server, time})->Submit({});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().stop, RetryStop::kForbidden);
  EXPECT_EQ(server.calls().size(), 1U);
}

TEST(ClientTest, PushbackIsTheDelay) {
  FakeServer server(SubmitFailingWith({kUnavailable}, "2500"));
  ManualTime time;
  ASSERT_TRUE(Connect({server, time})->Submit({}).ok());
  EXPECT_EQ(time.delays(), std::vector{absl::Milliseconds(2500)});
}

TEST(ClientTest, RetryInfoIsTheFloorOfTheBackoff) {
  FakeError error = kUnavailable;
  error.retry_delay = absl::Seconds(1);
  FakeServer server(SubmitFailingWith({error}));
  ManualTime time;
  ASSERT_TRUE(Connect({server, time})->Submit({}).ok());
  EXPECT_EQ(time.delays(), std::vector{absl::Seconds(1)});
}

TEST(ClientTest, ADelayBeyondTheDeadlineEndsTheCallAtOnce) {
  FakeServer server(SubmitFailingWith({kUnavailable}, "30000"));
  ManualTime time;
  v1::SubmitGenerationRequest request;
  request.mutable_wait()->set_seconds(0);
  const auto answer = Connect({server, time}, {.timeout = absl::Seconds(30)})->Submit(request);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().stop, RetryStop::kNoTimeLeft);
  EXPECT_EQ(answer.error().pushback, absl::Seconds(30));
  EXPECT_TRUE(time.delays().empty());
}

TEST(ClientTest, TheDeadlineIsTheTimeoutPlusTheWait) {
  absl::Duration left;
  FakeServer server(
      {.submit = [&left](grpc::ServerContext& context, const v1::SubmitGenerationRequest&,
                         v1::SubmitGenerationResponse&) {
        left = absl::FromChrono(context.deadline()) - absl::Now();
        return grpc::Status::OK;
      }});
  ManualTime time;
  v1::SubmitGenerationRequest request;
  request.mutable_wait()->set_seconds(40);
  ASSERT_TRUE(Connect({server, time}, {.timeout = absl::Seconds(10)})->Submit(request).ok());
  ASSERT_EQ(server.calls().size(), 1U);
  EXPECT_GT(left, absl::Seconds(40));
  // gRPC rounds what it sends up.
  EXPECT_LE(left, absl::Seconds(51));
}

TEST(ClientTest, ASilentServerEndsInDeadlineExceeded) {
  absl::Notification given_up;
  FakeServer server({.models = [&given_up](grpc::ServerContext&, const v1::ListModelsRequest&,
                                           v1::ListModelsResponse&) {
    given_up.WaitForNotification();
    return grpc::Status::OK;
  }});
  ManualTime time;
  const auto models = Connect({server, time}, {.timeout = absl::Milliseconds(100)})->ListModels();
  given_up.Notify();
  ASSERT_FALSE(models.ok());
  EXPECT_EQ(models.error().code, grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(models.error().attempts, 1);
}

TEST(ClientTest, ErrorsAreDecoded) {
  FakeServer server(SubmitFailingWith({{
      .code = grpc::StatusCode::INVALID_ARGUMENT,
      .message = "spec.duration: must be 8 (and 1 more)",
      .reason = "FIELD_INVALID",
      .metadata = {{"submission_id", "sub_1"}},
      .violations = {{"spec.duration", "must be 8"}, {"", "and 1 more"}},
      .retry_delay = absl::Milliseconds(1500),
  }}));
  ManualTime time;
  const auto answer = Connect({server, time})->Submit({});
  ASSERT_FALSE(answer.ok());
  const Error& error = answer.error();
  EXPECT_EQ(error.code, grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(error.message, "spec.duration: must be 8 (and 1 more)");
  EXPECT_EQ(error.reason, "FIELD_INVALID");
  EXPECT_EQ(error.metadata.at("submission_id"), "sub_1");
  EXPECT_EQ(error.violations,
            (std::vector<Violation>{{"spec.duration", "must be 8"}, {"", "and 1 more"}}));
  EXPECT_EQ(error.retry_delay, absl::Milliseconds(1500));
  EXPECT_FALSE(error.pushback.has_value());
}

TEST(ClientTest, AnErrorInfoOfAnotherDomainIsPassedOver) {
  const Error error = ErrorFromStatus(ToStatus({.code = grpc::StatusCode::UNAVAILABLE,
                                                .message = "m",
                                                .reason = "UPSTREAM_OUTCOME_UNKNOWN",
                                                .domain = "proxy.example"}));
  EXPECT_EQ(error.reason, "");
}

TEST(ClientTest, DetailsThatAreNoStatusAreHarmless) {
  const Error error =
      ErrorFromStatus(grpc::Status(grpc::StatusCode::ABORTED, "m", "\xff\xff not a proto"));
  EXPECT_EQ(error.code, grpc::StatusCode::ABORTED);
  EXPECT_EQ(error.reason, "");
}

TEST(ClientTest, PushbackThatIsNoNumberMeansNever) {
  EXPECT_EQ(PushbackFromText("0"), absl::ZeroDuration());
  EXPECT_EQ(PushbackFromText("1500"), absl::Milliseconds(1500));
  for (const char* text : {"-1", "-500", "", "soon", "1.5", "1s", "99999999999"}) {
    EXPECT_LT(PushbackFromText(text), absl::ZeroDuration()) << text;
  }
}

TEST(ClientTest, TheTokenIsReadFromItsFileForEveryAttempt) {
  const std::string path = WriteFile("token", "first\n");
  Handlers handlers = SubmitFailingWith({kUnavailable});
  FakeServer server(std::move(handlers));
  ManualTime time;
  ClientOptions options{.server = server.address(), .token_file = path};
  options.environment = time.environment();
  options.environment.sleep = [&path](absl::Duration) { std::ofstream(path) << "second"; };
  auto client = Client::Create(std::move(options));
  ASSERT_TRUE(client.ok());
  ASSERT_TRUE((*client)->Submit({}).ok());
  ASSERT_EQ(server.calls().size(), 2U);
  EXPECT_EQ(server.calls()[0].authorization, "Bearer first");
  EXPECT_EQ(server.calls()[1].authorization, "Bearer second");
}

TEST(ClientTest, AnUnusableTokenIsUnauthenticatedAndSendsNothing) {
  FakeServer server(SubmitFailingWith({}));
  ManualTime time;
  for (const std::string& path :
       {std::string("/nonexistent/token"), WriteFile("empty_token", " \n"),
        WriteFile("token_with_line_end", "secret\nsecond"), std::string("/")}) {
    const auto answer = Connect({server, time}, {.token_file = path})->Submit({});
    ASSERT_FALSE(answer.ok()) << path;
    EXPECT_EQ(answer.error().code, grpc::StatusCode::UNAUTHENTICATED);
    EXPECT_NE(answer.error().message.find(path), std::string::npos);
    EXPECT_EQ(answer.error().message.find("secret"), std::string::npos);
  }
  EXPECT_TRUE(server.calls().empty());
}

TEST(ClientTest, NobodyListeningIsUnavailable) {
  std::string address;
  {
    FakeServer server({});
    address = server.address();
  }
  ManualTime time;
  ClientOptions options{.server = address, .environment = time.environment()};
  auto client = Client::Create(std::move(options));
  ASSERT_TRUE(client.ok());
  const auto answer = (*client)->ListModels();
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(answer.error().reason, "");
}

// A socket that accepts connections (the kernel does) and never says a word.
class MuteListener {
 public:
  MuteListener() : file_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(file_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(file_, 1), 0);
    EXPECT_EQ(getsockname(file_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~MuteListener() { close(file_); }
  MuteListener(const MuteListener&) = delete;
  MuteListener& operator=(const MuteListener&) = delete;

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  int file_;
  int port_ = 0;
};

// An overloaded server, or one far away, answers late: that is no reason to say that nobody is
// there.
TEST(ClientTest, AConnectionThatComesUpSlowlyIsWaitedFor) {
  const MuteListener listener;
  auto client = Client::Create({.server = listener.address(), .timeout = absl::Seconds(1)});
  ASSERT_TRUE(client.ok());
  const auto models = (*client)->ListModels();
  ASSERT_FALSE(models.ok());
  EXPECT_EQ(models.error().code, grpc::StatusCode::DEADLINE_EXCEEDED) << models.error().message;
  EXPECT_EQ(models.error().attempts, 1);
}

TEST(ClientTest, ChangesAreRetriedAsEveryCallAndNotWhereThatIsForbidden) {
  auto failures = std::make_shared<int>(0);
  const auto fail_once = [failures](grpc::ServerContext&, const auto& /*request*/,
                                    auto& /*response*/) {
    return ++*failures % 2 == 1 ? ToStatus(kUnavailable) : grpc::Status::OK;
  };
  const auto forbid = [](grpc::ServerContext& context, const v1::RetrySubmissionRequest&,
                         v1::Submission&) {
    context.AddTrailingMetadata("grpc-retry-pushback-ms", "-1");
    return ToStatus(kUnavailable);
  };
  FakeServer server({.cancel = fail_once,
                     .release = fail_once,
                     .resolve = fail_once,
                     .bulk_resolve = fail_once,
                     .retry = forbid,
                     .status = fail_once});
  ManualTime time;
  const auto client = Connect({server, time});
  EXPECT_TRUE(client->Cancel({}).ok());
  EXPECT_TRUE(client->ReleaseDedupe({}).ok());
  EXPECT_TRUE(client->Resolve({}).ok());
  EXPECT_TRUE(client->BulkResolve({}).ok());
  EXPECT_TRUE(client->GetServiceStatus().ok());
  EXPECT_EQ(server.calls().size(), 10U);
  const auto retried = client->Retry({});
  ASSERT_FALSE(retried.ok());
  EXPECT_EQ(retried.error().stop, RetryStop::kForbidden);
  EXPECT_EQ(server.calls().size(), 11U);
}

TEST(ClientTest, PagesFollowTheTokensToTheEnd) {
  FakeServer server({.list = [](grpc::ServerContext&, const v1::ListSubmissionsRequest& request,
                                v1::ListSubmissionsResponse& response) {
    response.add_submissions()->set_id("after:" + request.page_token());
    response.set_next_page_token(request.page_token().empty() ? "t1" : "");
    return grpc::Status::OK;
  }});
  ManualTime time;
  const auto client = Connect({server, time});
  SubmissionPages pages = client->List({});
  std::vector<std::string> ids;
  for (auto page = pages.Next(); page.ok() && page->has_value(); page = pages.Next()) {
    ids.push_back((*page)->submissions(0).id());
  }
  EXPECT_EQ(ids, (std::vector<std::string>{"after:", "after:t1"}));
  EXPECT_EQ(server.calls().size(), 2U);
}

TEST(ClientTest, APageTokenThatRepeatsItselfIsAnError) {
  FakeServer server({.list = [](grpc::ServerContext&, const v1::ListSubmissionsRequest&,
                                v1::ListSubmissionsResponse& response) {
    response.set_next_page_token("again");
    return grpc::Status::OK;
  }});
  ManualTime time;
  const auto client = Connect({server, time});
  SubmissionPages pages = client->List({});
  ASSERT_TRUE(pages.Next().ok());
  const auto second = pages.Next();
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, grpc::StatusCode::INTERNAL);
}

TEST(ClientTest, HealthIsAskedByService) {
  FakeServer server(
      {.health = [](grpc::ServerContext&, const grpc::health::v1::HealthCheckRequest& request,
                    grpc::health::v1::HealthCheckResponse& response) {
        response.set_status(request.service() == "s"
                                ? grpc::health::v1::HealthCheckResponse::SERVING
                                : grpc::health::v1::HealthCheckResponse::NOT_SERVING);
        return grpc::Status::OK;
      }});
  ManualTime time;
  const auto client = Connect({server, time});
  EXPECT_EQ(*client->CheckHealth("s"), grpc::health::v1::HealthCheckResponse::SERVING);
  EXPECT_EQ(*client->CheckHealth(""), grpc::health::v1::HealthCheckResponse::NOT_SERVING);
}

TEST(RequestIdTest, IsARandomUuid) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = NewRequestId();
    ASSERT_EQ(id.size(), 36U);
    EXPECT_EQ(id[14], '4');
    EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos);
    EXPECT_EQ(id.find_first_not_of("0123456789abcdef-"), std::string::npos);
    seen.insert(id);
  }
  EXPECT_EQ(seen.size(), 1000U);
}

}  // namespace
}  // namespace genledger::client
