#include "service/http/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "tests/service/http/raw_client.h"

namespace genledger {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr absl::Duration kPatience = absl::Seconds(60);

// Echoes a request at once, or keeps it when its path says so.
class TestHandler : public HttpHandler {
 public:
  void Handle(std::shared_ptr<HttpExchange> exchange) override {
    const HttpRequest& request = exchange->request();
    if (request.target == "/hold") {
      exchange->OnGone([this] {
        absl::MutexLock lock(&mu_);
        ++gone_;
      });
      absl::MutexLock lock(&mu_);
      held_.push_back(std::move(exchange));
    } else if (request.target == "/drop") {
      exchange.reset();
    } else {
      exchange->Answer({.status = 200,
                        .headers = {{"X-Echo", "yes"}},
                        .body = request.method + " " + request.target + " " + request.body});
    }
  }
  HttpResponse Refuse(int status, const HttpRequest& request) override {
    return {.status = status, .body = "refused " + request.target};
  }

  bool AwaitHeld(size_t count) {
    absl::MutexLock lock(&mu_);
    const auto enough = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return held_.size() >= count; };
    return mu_.AwaitWithTimeout(absl::Condition(&enough), kPatience);
  }
  bool AwaitGone(int count) {
    absl::MutexLock lock(&mu_);
    const auto enough = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return gone_ >= count; };
    return mu_.AwaitWithTimeout(absl::Condition(&enough), kPatience);
  }
  std::vector<std::shared_ptr<HttpExchange>> TakeHeld() {
    absl::MutexLock lock(&mu_);
    return std::exchange(held_, {});
  }

 private:
  absl::Mutex mu_;
  std::vector<std::shared_ptr<HttpExchange>> held_ ABSL_GUARDED_BY(mu_);
  int gone_ ABSL_GUARDED_BY(mu_) = 0;
};

// One write of a stream; false if it failed.
class WriteOutcome {
 public:
  HttpExchange::Written Told() {
    return [this](bool ok) {
      absl::MutexLock lock(&mu_);
      told_ = true;
      ok_ = ok;
    };
  }
  bool Await() {
    absl::MutexLock lock(&mu_);
    EXPECT_TRUE(mu_.AwaitWithTimeout(absl::Condition(&told_), kPatience));
    told_ = false;
    return ok_;
  }

 private:
  absl::Mutex mu_;
  bool told_ ABSL_GUARDED_BY(mu_) = false;
  bool ok_ ABSL_GUARDED_BY(mu_) = false;
};

class HttpServerTest : public ::testing::Test {
 protected:
  ~HttpServerTest() override {
    if (server_ != nullptr) {
      server_->Shutdown(absl::Now() + kPatience);
    }
  }

  int Start(HttpLimits limits = {}, int io_threads = 2) {
    server_ = HttpServer::Start({.io_threads = io_threads, .limits = limits}, &handler_).value();
    return server_->port();
  }
  // What one connection answers to these bytes until it is closed.
  std::string Converse(int port, std::string_view bytes) {
    RawClient client(port);
    client.Send(bytes);
    return client.ReadToEnd();
  }

  TestHandler handler_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, AConnectionIsKeptForTheNextRequest) {
  RawClient client(Start());
  for (const std::string path : {"/1", "/2", "/3"}) {
    client.Send("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(client.ReadAnswer(),
                AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("Date: "),
                      HasSubstr("X-Echo: yes"), HasSubstr("GET " + path + " ")));
  }
  client.Send("GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.ReadToEnd(), HasSubstr("Connection: close"));
}

TEST_F(HttpServerTest, AnHttp10ClientIsAnsweredAndLetGo) {
  EXPECT_THAT(Converse(Start(), "GET /old HTTP/1.0\r\n\r\n"), HasSubstr("GET /old "));
}

TEST_F(HttpServerTest, RequestsSentAheadAreAnsweredInTheirOrder) {
  RawClient client(Start());
  client.Send(
      "POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab"
      "POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\ncd");
  EXPECT_THAT(client.ReadAnswer(), HasSubstr("POST /1 ab"));
  EXPECT_THAT(client.ReadAnswer(), HasSubstr("POST /2 cd"));
}

TEST_F(HttpServerTest, ChunkedBodiesAreReadAsOne) {
  EXPECT_THAT(Converse(Start(),
                       "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                       "Connection: close\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"),
              HasSubstr("POST /c abcde"));
}

TEST_F(HttpServerTest, ExpectContinueIsAnsweredBeforeTheBody) {
  RawClient client(Start());
  client.Send("POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("abc");
  EXPECT_THAT(client.ReadAnswer(), HasSubstr("POST /e abc"));
}

TEST_F(HttpServerTest, AHeadRequestGetsNoBody) {
  RawClient client(Start());
  client.Send("HEAD /h HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.ReadUntil("\r\n\r\n"), HasSubstr("Content-Length: 8"));
  client.Send("GET /next HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.ReadAnswer(), StartsWith("HTTP/1.1 200 OK"));
}

struct BadRequest {
  std::string name;
  std::string bytes;
  int status;
};

class BadRequests : public HttpServerTest, public ::testing::WithParamInterface<BadRequest> {};

TEST_P(BadRequests, AreRefusedAndTheConnectionClosed) {
  const int port = Start({.header_bytes_max = 4096, .url_bytes_max = 100, .body_bytes_max = 1000});
  const std::string answer = Converse(port, GetParam().bytes);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + std::to_string(GetParam().status) + " "));
  EXPECT_THAT(answer, AllOf(HasSubstr("Connection: close"), HasSubstr("refused ")));
}

INSTANTIATE_TEST_SUITE_P(
    Http, BadRequests,
    ::testing::ValuesIn(std::vector<BadRequest>{
        {"NotHttp", "hello\r\n\r\n", 400},
        {"NoHost", "GET / HTTP/1.1\r\n\r\n", 400},
        {"TwoHosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        {"LongUrl", "GET /" + std::string(100, 'u') + " HTTP/1.1\r\nHost: x\r\n\r\n", 414},
        {"LongHead", "GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(5000, 'h'), 431},
        {"LongBody", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n", 413},
        {"LongChunks",
         "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" +
             std::string(1001, 'c'),
         413},
        {"BadChunk", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
        {"BadLength", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400},
        {"TwoLengths",
         "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na", 400},
        {"LengthAndChunks",
         "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
         "0\r\n\r\n",
         400},
        {"OtherCoding",
         "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
        {"OtherExpectation",
         "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: a miracle\r\n\r\n", 417},
    }),
    [](const auto& info) { return info.param.name; });

TEST_F(HttpServerTest, ASlowRequestIsCutOff) {
  const int port = Start({.request_time_max = absl::Milliseconds(100)});
  RawClient head(port), body(port);
  head.Send("GET / HT");
  body.Send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_THAT(head.ReadToEnd(), StartsWith("HTTP/1.1 408 "));
  EXPECT_THAT(body.ReadToEnd(), StartsWith("HTTP/1.1 408 "));
}

TEST_F(HttpServerTest, ADrippingRequestIsAsSlowAsOneThatStops) {
  RawClient client(Start({.request_time_max = absl::Milliseconds(300)}));
  const absl::Time end = absl::Now() + kPatience;
  client.Send("GET / HTTP/1.1\r\nHost: x\r\nA: ");
  while (client.Send("a") && absl::Now() < end) {
    std::this_thread::yield();
  }
  EXPECT_LT(absl::Now(), end);
}

TEST_F(HttpServerTest, AnIdleConnectionIsClosedWithoutAWord) {
  RawClient client(Start({.idle_time_max = absl::Milliseconds(100)}));
  client.Send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.ReadAnswer(), HasSubstr("GET /1 "));
  EXPECT_THAT(client.ReadToEnd(), IsEmpty());
}

TEST_F(HttpServerTest, AConnectionThatNeverSaysAnythingIsClosedSooner) {
  RawClient fresh(Start({.first_byte_time_max = absl::Milliseconds(100)}));
  EXPECT_THAT(fresh.ReadToEnd(), IsEmpty());
}

TEST_F(HttpServerTest, AnEmptyLineAheadOfARequestIsIgnored) {
  const int port = Start();
  RawClient client(port);
  client.Send("\r\nGET /1 HTTP/1.1\r\nHost: x\r\n\r\n\r\n");
  EXPECT_THAT(client.ReadAnswer(), HasSubstr("GET /1 "));
  client.Send("GET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.ReadAnswer(), HasSubstr("GET /2 "));
  EXPECT_THAT(Converse(port, "\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
}

TEST_F(HttpServerTest, AClientThatTakesNoAnswerIsCutOff) {
  const int port = Start({.write_time_max = absl::Milliseconds(200)});
  RawClient client(port);
  client.Send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(handler_.AwaitHeld(1));
  const auto held = handler_.TakeHeld();
  WriteOutcome outcome;
  held[0]->StartStream({}, outcome.Told());
  ASSERT_TRUE(outcome.Await());
  // More than the kernel's buffers take.
  held[0]->Write(std::string(size_t{64} * 1024 * 1024, 's'), outcome.Told());
  EXPECT_FALSE(outcome.Await());
  held[0]->Write("late", outcome.Told());
  EXPECT_FALSE(outcome.Await());
}

TEST_F(HttpServerTest, BodiesOfAllConnectionsTogetherAreLimited) {
  const int port = Start({.bodies_bytes_max = 100'000});
  const auto send = [](RawClient& client, const std::string& path, size_t bytes) {
    client.Send("POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: " +
                std::to_string(bytes) + "\r\n\r\n" + std::string(bytes, 'b'));
  };
  const auto post = [&](size_t bytes) {
    RawClient client(port);
    send(client, "/post", bytes);
    return client.ReadAnswer();
  };
  // A body counts until it is answered.
  RawClient first(port);
  send(first, "/hold", 90'000);
  ASSERT_TRUE(handler_.AwaitHeld(1));
  EXPECT_THAT(post(20'000), AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("Connection: close")));
  EXPECT_THAT(post(10'000), StartsWith("HTTP/1.1 200 "));
  handler_.TakeHeld()[0]->Answer({});
  EXPECT_THAT(first.ReadAnswer(), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(post(90'000), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, AnswersOfAllConnectionsTogetherAreLimited) {
  const int port = Start({.answers_bytes_max = 1'000'000});
  RawClient slow(port), next(port);
  for (RawClient* client : {&slow, &next}) {
    client->Send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_TRUE(handler_.AwaitHeld(client == &slow ? 1 : 2));
  }
  const auto held = handler_.TakeHeld();
  // More than the kernel's buffers take.
  held[0]->Answer({.body = std::string(size_t{64} * 1024 * 1024, 's')});
  EXPECT_THAT(slow.ReadUntil("\r\n"), StartsWith("HTTP/1.1 200 "));
  held[1]->Answer({.body = std::string(20'000, 'n')});
  EXPECT_THAT(next.ReadAnswer(), AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("refused /hold"),
                                       Not(HasSubstr("Connection: close"))));
  next.Send("GET /small HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(next.ReadAnswer(), StartsWith("HTTP/1.1 200 "));
  slow.Close();
}

TEST_F(HttpServerTest, AStreamIsSentAsItComes) {
  RawClient client(Start());
  client.Send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(handler_.AwaitHeld(1));
  const auto held = handler_.TakeHeld();
  WriteOutcome outcome;
  held[0]->StartStream({.headers = {{"Content-Type", "text/event-stream"}}}, outcome.Told());
  ASSERT_TRUE(outcome.Await());
  EXPECT_THAT(client.ReadUntil("\r\n\r\n"), HasSubstr("Transfer-Encoding: chunked"));
  held[0]->Write("first", outcome.Told());
  ASSERT_TRUE(outcome.Await());
  EXPECT_EQ(client.ReadUntil("\r\nfirst\r\n"), "5\r\nfirst\r\n");
  held[0]->EndStream();
  EXPECT_EQ(client.ReadUntil("\r\n\r\n"), "0\r\n\r\n");
  client.Send("GET /after HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.ReadAnswer(), HasSubstr("GET /after "));
}

TEST_F(HttpServerTest, WhoHangsUpIsNoticedAndStillAnswered) {
  const int port = Start();
  RawClient gone(port), half(port);
  gone.Send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(handler_.AwaitHeld(1));
  gone.Close();
  ASSERT_TRUE(handler_.AwaitGone(1));
  half.Send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  half.FinishSending();
  ASSERT_TRUE(handler_.AwaitGone(2));
  for (const auto& exchange : handler_.TakeHeld()) {
    exchange->Answer({.body = "all the same"});
  }
  EXPECT_THAT(half.ReadToEnd(), HasSubstr("all the same"));
}

TEST_F(HttpServerTest, ADroppedRequestClosesItsConnection) {
  EXPECT_THAT(Converse(Start(), "GET /drop HTTP/1.1\r\nHost: x\r\n\r\n"), IsEmpty());
}

TEST_F(HttpServerTest, BeyondTheLimitConnectionsWaitForOneToEnd) {
  const int port = Start({.connections_max = 2});
  auto first = std::make_unique<RawClient>(port);
  RawClient second(port);
  for (RawClient* client : {first.get(), &second}) {
    client->Send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  ASSERT_TRUE(handler_.AwaitHeld(2));
  RawClient third(port);
  third.Send("GET /third HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(handler_.TakeHeld().size(), 2U);  // dropped: both connections are closed
  EXPECT_THAT(third.ReadAnswer(), HasSubstr("GET /third "));
}

TEST_F(HttpServerTest, BeyondTheLimitTheLongestIdleConnectionMakesRoom) {
  // One thread: what was answered first is idle first.
  const int port = Start({.connections_max = 3}, /*io_threads=*/1);
  RawClient silent(port), older(port), younger(port);
  for (RawClient* client : {&older, &younger}) {
    client->Send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(client->ReadAnswer(), HasSubstr("GET /1 "));
  }
  RawClient fourth(port);
  EXPECT_THAT(silent.ReadToEnd(), IsEmpty());
  fourth.Send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(handler_.AwaitHeld(1));
  RawClient fifth(port);
  EXPECT_THAT(older.ReadToEnd(), IsEmpty());
  for (RawClient* client : {&younger, &fifth}) {
    client->Send("GET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(client->ReadAnswer(), HasSubstr("GET /2 "));
  }
  handler_.TakeHeld();  // or the shutdown would wait for it
}

TEST_F(HttpServerTest, WhileSomebodyWaitsForRoomAnAnswerEndsItsConnection) {
  const int port = Start({.connections_max = 1});
  RawClient first(port);
  first.Send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(handler_.AwaitHeld(1));
  RawClient second(port);
  second.Send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  handler_.TakeHeld()[0]->Answer({.body = "done"});
  // Nobody else may have been seen to wait yet; then it makes room while it is idle.
  EXPECT_THAT(first.ReadToEnd(), HasSubstr("done"));
  ASSERT_TRUE(handler_.AwaitHeld(1));
  handler_.TakeHeld()[0]->Answer({.body = "done"});
  EXPECT_THAT(second.ReadAnswer(), AllOf(HasSubstr("done"), Not(HasSubstr("Connection: close"))));
}

int ThreadCount() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("Threads:", 0) == 0) {
      return std::stoi(line.substr(8));
    }
  }
  return -1;
}

TEST_F(HttpServerTest, ThousandsOfWaitingRequestsHoldNoThreads) {
  constexpr size_t kWaiting = 2000;
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  const int port = Start();
  const int threads = ThreadCount();
  std::vector<std::unique_ptr<RawClient>> clients;
  for (size_t i = 0; i < kWaiting; ++i) {
    clients.push_back(std::make_unique<RawClient>(port));
    clients.back()->Send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  ASSERT_TRUE(handler_.AwaitHeld(kWaiting));
  EXPECT_EQ(ThreadCount(), threads);
  for (const auto& exchange : handler_.TakeHeld()) {
    exchange->Answer({.body = "done"});
  }
  for (const auto& client : clients) {
    EXPECT_THAT(client->ReadAnswer(), HasSubstr("done"));
  }
}

TEST_F(HttpServerTest, AShutdownLetsAnswersFinishAndClosesTheRest) {
  const int port = Start();
  RawClient idle(port), waiting(port);
  idle.Send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(idle.ReadAnswer(), Not(HasSubstr("Connection: close")));
  waiting.Send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(handler_.AwaitHeld(1));
  std::thread shutdown([this] { server_->Shutdown(absl::Now() + kPatience); });
  EXPECT_THAT(idle.ReadToEnd(), IsEmpty());
  handler_.TakeHeld()[0]->Answer({.body = "the last"});
  EXPECT_THAT(waiting.ReadToEnd(), AllOf(HasSubstr("the last"), HasSubstr("Connection: close")));
  shutdown.join();
}

TEST_F(HttpServerTest, AShutdownCutsOffWhatIsNeverAnswered) {
  RawClient waiting(Start());
  waiting.Send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(handler_.AwaitHeld(1));
  server_->Shutdown(absl::Now());
  EXPECT_THAT(waiting.ReadToEnd(), IsEmpty());
  const auto held = handler_.TakeHeld();
  WriteOutcome outcome;
  held[0]->StartStream({}, outcome.Told());
  EXPECT_FALSE(outcome.Await());
  held[0]->Answer({.body = "to nobody"});
}

TEST_F(HttpServerTest, ABusyPortIsOneLine) {
  const int port = Start();
  const auto second = HttpServer::Start({.port = static_cast<uint16_t>(port)}, &handler_);
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(std::to_string(port)));
  EXPECT_FALSE(HttpServer::Start({.host = "192.0.2.1"}, &handler_).ok());
}

}  // namespace
}  // namespace genledger
