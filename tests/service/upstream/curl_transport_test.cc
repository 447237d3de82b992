// The transport against real sockets: what goes over the wire, and what is reported of it.
#include "service/upstream/curl_transport.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/base/clock.h"
#include "service/base/secret.h"
#include "service/upstream/classify.h"
#include "tests/service/upstream/scripted_server.h"
#include "tests/service/upstream/tls_server.h"

namespace genledger {
namespace {

constexpr char kAccepted[] = R"({"code":200,"data":[{"status":"submitted","task_id":"task_1"}]})";
constexpr absl::Duration kPatience = absl::Seconds(20);

// Gathers exchanges and waits for them.
class Outcomes {
 public:
  CurlTransport::Done Collect() {
    return [this](HttpExchange exchange) {
      absl::MutexLock lock(&mu_);
      exchanges_.push_back(std::move(exchange));
    };
  }

  std::vector<HttpExchange> Await(size_t count) {
    const auto enough = [this, count]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
      return exchanges_.size() >= count;
    };
    absl::MutexLock lock(&mu_);
    EXPECT_TRUE(mu_.AwaitWithTimeout(absl::Condition(&enough), kPatience));
    return exchanges_;
  }

  size_t count() const {
    absl::MutexLock lock(&mu_);
    return exchanges_.size();
  }

 private:
  mutable absl::Mutex mu_;
  std::vector<HttpExchange> exchanges_ ABSL_GUARDED_BY(mu_);
};

// Requests as the server saw them.
class Seen {
 public:
  void Add(ScriptedConnection::Request request) {
    absl::MutexLock lock(&mu_);
    requests_.push_back(std::move(request));
  }
  // A client may also connect and send nothing.
  void AddNextOf(ScriptedConnection& connection) {
    if (auto request = connection.ReadRequest()) {
      Add(*std::move(request));
    }
  }
  size_t count() const {
    absl::MutexLock lock(&mu_);
    return requests_.size();
  }
  ScriptedConnection::Request at(size_t i) const {
    absl::MutexLock lock(&mu_);
    return requests_.at(i);
  }
  void AwaitCount(size_t count) {
    const auto enough = [this, count]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
      return requests_.size() >= count;
    };
    absl::MutexLock lock(&mu_);
    EXPECT_TRUE(mu_.AwaitWithTimeout(absl::Condition(&enough), kPatience));
  }

 private:
  mutable absl::Mutex mu_;
  std::vector<ScriptedConnection::Request> requests_ ABSL_GUARDED_BY(mu_);
};

class CurlTransportTest : public testing::Test {
 protected:
  HttpPost MakePost(const std::string& base, std::string body = "{}") {
    return {.url = base + "/v1/videos/generations",
            .body = std::move(body),
            .api_key = Secret("sk-test"),
            .idempotency_key = "sub_1-1",
            .deadline = clock_.Now() + kPatience,
            .start_by = absl::InfiniteFuture()};
  }
  HttpExchange PostOne(CurlTransport& transport, HttpPost post) {
    Outcomes outcomes;
    transport.Post(std::move(post), outcomes.Collect());
    return outcomes.Await(1).at(0);
  }
  AttemptClass ClassOf(const HttpExchange& exchange) {
    return Classify(exchange, {.now = clock_.Now()}).outcome;
  }

  SystemClock clock_;
};

TEST_F(CurlTransportTest, SendsTheBytesAndHeadersThatItIsGiven) {
  Seen seen;
  ScriptedServer server([&](ScriptedConnection& connection) {
    seen.AddNextOf(connection);
    connection.Answer(kAccepted, 200, "Retry-After: 7\r\nX-Oneapi-Request-Id: r1\r\n");
  });
  setenv("http_proxy", "http://127.0.0.1:1", 1);  // must not matter
  CurlTransport transport({}, &clock_);
  const HttpExchange exchange = PostOne(transport, MakePost(server.url(), "{\"prompt\":\"海豚\"}"));
  unsetenv("http_proxy");
  EXPECT_EQ(exchange.failure, TransportFailure::kNone);
  EXPECT_EQ(exchange.http_status, 200);
  EXPECT_EQ(exchange.body, kAccepted);
  EXPECT_EQ(exchange.retry_after, "7");
  EXPECT_EQ(exchange.upstream_request_id, "r1");
  EXPECT_TRUE(exchange.request_byte_written);
  EXPECT_EQ(seen.at(0).body, "{\"prompt\":\"海豚\"}");
  EXPECT_EQ(seen.at(0).head,
            "POST /v1/videos/generations HTTP/1.1\r\n"
            "Host: 127.0.0.1:" +
                std::to_string(server.port()) +
                "\r\n"
                "User-Agent: genledger\r\n"
                "Idempotency-Key: sub_1-1\r\n"
                "Content-Type: application/json\r\n"
                "Accept: application/json\r\n"
                "Authorization: Bearer sk-test\r\n"
                "Content-Length: 19\r\n\r\n");
}

TEST_F(CurlTransportTest, LeavesOutTheHeadersOfEmptyKeys) {
  Seen seen;
  ScriptedServer server([&](ScriptedConnection& connection) {
    seen.AddNextOf(connection);
    connection.Answer(kAccepted);
  });
  CurlTransport transport({}, &clock_);
  HttpPost post = MakePost(server.url());
  post.api_key = Secret();
  post.idempotency_key.clear();
  PostOne(transport, std::move(post));
  EXPECT_EQ(seen.at(0).head.find("Authorization"), std::string::npos);
  EXPECT_EQ(seen.at(0).head.find("Idempotency-Key"), std::string::npos);
}

TEST_F(CurlTransportTest, EachPostCarriesItsOwnKeyOverOneReusedConnection) {
  Seen seen;
  ScriptedServer server([&](ScriptedConnection& connection) {
    while (auto request = connection.ReadRequest()) {
      seen.Add(*std::move(request));
      connection.Answer(kAccepted);
    }
  });
  CurlTransport transport({}, &clock_);
  for (const char* key : {"k1", "k2", "k3"}) {
    HttpPost post = MakePost(server.url());
    post.idempotency_key = key;
    post.api_key = Secret(std::string("key-of-") + key);
    PostOne(transport, std::move(post));
  }
  EXPECT_EQ(server.connections(), 1);
  for (size_t i = 0; i < 3; ++i) {
    const std::string key = "k" + std::to_string(i + 1);
    EXPECT_NE(seen.at(i).head.find("Idempotency-Key: " + key + "\r\n"), std::string::npos);
    EXPECT_NE(seen.at(i).head.find("Bearer key-of-" + key + "\r\n"), std::string::npos);
  }
}

TEST_F(CurlTransportTest, ALineEndInAKeyIsNeverSent) {
  ScriptedServer server([&](ScriptedConnection& connection) { connection.WaitForClose(); });
  CurlTransport transport({}, &clock_);
  HttpPost post = MakePost(server.url());
  post.api_key = Secret("a\r\nX-Evil: 1");
  const HttpExchange exchange = PostOne(transport, std::move(post));
  EXPECT_EQ(exchange.failure, TransportFailure::kBadHeader);
  EXPECT_EQ(ClassOf(exchange), AttemptClass::kNotSent);
  EXPECT_EQ(server.connections(), 0);
}

// The trap: libcurl by itself posts again on a fresh connection.
class DeadConnectionTest : public CurlTransportTest, public testing::WithParamInterface<bool> {};

TEST_P(DeadConnectionTest, ReusedConnectionThatDiesAfterTheRequestIsPostedOnce) {
  const bool reset = GetParam();
  Seen seen;
  ScriptedServer server([&](ScriptedConnection& connection) {
    if (connection.index() == 0) {
      seen.AddNextOf(connection);
      connection.Answer(kAccepted);
      seen.AddNextOf(connection);
      reset ? connection.Reset() : connection.Close();
      return;
    }
    while (auto request = connection.ReadRequest()) {
      seen.Add(*std::move(request));
      connection.Answer(kAccepted);
    }
  });
  CurlTransport transport({}, &clock_);
  EXPECT_EQ(PostOne(transport, MakePost(server.url())).http_status, 200);
  const HttpExchange second = PostOne(transport, MakePost(server.url()));
  EXPECT_EQ(second.failure, TransportFailure::kConnectionLost);
  EXPECT_EQ(second.http_status, 0);
  EXPECT_TRUE(second.request_byte_written);
  EXPECT_EQ(ClassOf(second), AttemptClass::kAmbiguous);
  EXPECT_EQ(seen.count(), 2U);
  // The next post is a post of its own, on a connection of its own.
  EXPECT_EQ(PostOne(transport, MakePost(server.url())).http_status, 200);
  EXPECT_EQ(seen.count(), 3U);
}

INSTANTIATE_TEST_SUITE_P(ResetOrClosed, DeadConnectionTest, testing::Bool());

TEST_F(CurlTransportTest, ReusedConnectionResetAfterTheHeadersIsNotPostedAgain) {
  std::atomic<int> heads = 0;
  ScriptedServer server([&](ScriptedConnection& connection) {
    if (connection.index() == 0) {
      connection.ReadRequest();
      connection.Answer(kAccepted);
    }
    if (connection.ReadHead().has_value()) {
      ++heads;
    }
    connection.Reset();
  });
  CurlTransport transport({}, &clock_);
  EXPECT_EQ(PostOne(transport, MakePost(server.url())).http_status, 200);
  // More than the socket buffers hold, so that the reset comes while the body is being sent.
  const HttpExchange second =
      PostOne(transport, MakePost(server.url(), std::string(64 << 20, 'x')));
  EXPECT_EQ(second.failure, TransportFailure::kConnectionLost);
  EXPECT_TRUE(second.request_byte_written);
  EXPECT_EQ(heads, 1);
}

// Nor over another connection that is kept alive.
TEST_F(CurlTransportTest, ConnectionThatDiesIsNotReplacedByAnotherIdleOne) {
  Seen first;
  Seen second;
  ScriptedServer server([&](ScriptedConnection& connection) {
    first.AddNextOf(connection);
    first.AwaitCount(2);  // so that there are two
    connection.Answer(kAccepted);
    second.AddNextOf(connection);
    connection.Reset();
  });
  CurlTransport transport({}, &clock_);
  Outcomes outcomes;
  transport.Post(MakePost(server.url()), outcomes.Collect());
  transport.Post(MakePost(server.url()), outcomes.Collect());
  outcomes.Await(2);
  ASSERT_EQ(server.connections(), 2);
  const HttpExchange exchange = PostOne(transport, MakePost(server.url()));
  EXPECT_EQ(exchange.failure, TransportFailure::kConnectionLost);
  EXPECT_EQ(ClassOf(exchange), AttemptClass::kAmbiguous);
  EXPECT_EQ(second.count(), 1U);
}

TEST_F(CurlTransportTest, FirstUseOfAConnectionThatIsResetIsAmbiguous) {
  Seen seen;
  ScriptedServer server([&](ScriptedConnection& connection) {
    seen.AddNextOf(connection);
    connection.Reset();
  });
  CurlTransport transport({}, &clock_);
  const HttpExchange exchange = PostOne(transport, MakePost(server.url()));
  EXPECT_EQ(exchange.failure, TransportFailure::kConnectionLost);
  EXPECT_EQ(ClassOf(exchange), AttemptClass::kAmbiguous);
  EXPECT_EQ(seen.count(), 1U);
}

TEST_F(CurlTransportTest, IdleConnectionThatTheServerClosedIsReplacedAndPostedOnce) {
  Seen seen;
  ScriptedServer server([&](ScriptedConnection& connection) {
    seen.AddNextOf(connection);
    connection.Answer(kAccepted);  // and closes
  });
  CurlTransport transport({}, &clock_);
  for (size_t i = 1; i <= 3; ++i) {
    const HttpExchange exchange = PostOne(transport, MakePost(server.url()));
    // Whether libcurl sees the FIN in time is a race; posting twice is not allowed either way.
    EXPECT_TRUE(exchange.http_status == 200 || ClassOf(exchange) == AttemptClass::kAmbiguous);
    EXPECT_LE(seen.count(), i);
  }
}

TEST_F(CurlTransportTest, AnswerThatNobodyAskedForIsNotTakenForTheNextOne) {
  absl::Mutex mu;
  bool stray_is_out = false;
  ScriptedServer server([&](ScriptedConnection& connection) {
    connection.ReadRequest();
    connection.Answer(kAccepted);
    if (connection.index() == 0) {
      connection.Answer(R"({"data":[{"task_id":"stray"}]})");
      absl::MutexLock lock(&mu);
      stray_is_out = true;  // over loopback: in the client's socket
    }
    connection.WaitForClose();
  });
  CurlTransport transport({}, &clock_);
  PostOne(transport, MakePost(server.url()));
  {
    absl::MutexLock lock(&mu);
    ASSERT_TRUE(mu.AwaitWithTimeout(absl::Condition(&stray_is_out), kPatience));
  }
  const HttpExchange second = PostOne(transport, MakePost(server.url()));
  EXPECT_EQ(second.body.find("stray"), std::string::npos);
  EXPECT_TRUE(second.http_status == 200 || ClassOf(second) == AttemptClass::kAmbiguous);
}

TEST_F(CurlTransportTest, RefusedConnectionIsNotSent) {
  std::string url;
  {
    ScriptedServer server([](ScriptedConnection&) {});
    url = server.url();
  }
  CurlTransport transport({}, &clock_);
  const HttpExchange exchange = PostOne(transport, MakePost(url));
  EXPECT_EQ(exchange.failure, TransportFailure::kConnectFailed);
  EXPECT_FALSE(exchange.request_byte_written);
  EXPECT_EQ(ClassOf(exchange), AttemptClass::kNotSent);
}

TEST_F(CurlTransportTest, UnresolvableHostIsNotSentEvenIfTheResolverIsSlow) {
  CurlTransport transport({.connect_timeout = absl::Seconds(2)}, &clock_);
  const HttpExchange exchange = PostOne(transport, MakePost("http://no-such-host.invalid"));
  EXPECT_TRUE(exchange.failure == TransportFailure::kResolveFailed ||
              exchange.failure == TransportFailure::kConnectTimeout);
  EXPECT_FALSE(exchange.request_byte_written);
  EXPECT_EQ(ClassOf(exchange), AttemptClass::kNotSent);
}

TEST_F(CurlTransportTest, ConnectTimeoutIsNotSent) {
  // A listener with a full backlog: further SYNs are dropped.
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(listener, 0), 0);
  ASSERT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  std::vector<int> fillers;
  for (int i = 0; i < 4; ++i) {
    fillers.push_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    (void)connect(fillers.back(), reinterpret_cast<sockaddr*>(&address), size);
  }
  CurlTransport transport({.connect_timeout = absl::Milliseconds(300)}, &clock_);
  const HttpExchange exchange =
      PostOne(transport, MakePost("http://127.0.0.1:" + std::to_string(ntohs(address.sin_port))));
  EXPECT_EQ(exchange.failure, TransportFailure::kConnectTimeout);
  EXPECT_EQ(ClassOf(exchange), AttemptClass::kNotSent);
  for (const int fd : fillers) {
    close(fd);
  }
  close(listener);
}

TEST_F(CurlTransportTest, UntrustedCertificateIsNotSentAndNothingIsRevealed) {
  TlsServer server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
  CurlTransport transport({}, &clock_);
  const HttpExchange exchange = PostOne(transport, MakePost(server.url()));
  EXPECT_EQ(exchange.failure, TransportFailure::kTlsFailed);
  EXPECT_FALSE(exchange.request_byte_written);
  EXPECT_EQ(ClassOf(exchange), AttemptClass::kNotSent);
  EXPECT_EQ(server.handshakes_tried(), 1);
  EXPECT_EQ(server.request_bytes(), 0U);
}

TEST_F(CurlTransportTest, PrivateAuthorityIsTrustedIfNamed) {
  TlsServer server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
  const std::string ca_file = testing::TempDir() + "/ca.pem";
  std::ofstream(ca_file) << server.certificate_pem();
  CurlTransport transport({.ca_file = ca_file}, &clock_);
  const HttpExchange exchange = PostOne(transport, MakePost(server.url()));
  EXPECT_EQ(exchange.failure, TransportFailure::kNone);
  EXPECT_EQ(exchange.body, "{}");
  EXPECT_TRUE(exchange.request_byte_written);
  EXPECT_GT(server.request_bytes(), 0U);
}

TEST_F(CurlTransportTest, PlainServerOnATlsUrlIsNotSent) {
  ScriptedServer server([](ScriptedConnection& connection) {
    connection.Write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  });
  CurlTransport transport({}, &clock_);
  const HttpExchange exchange =
      PostOne(transport, MakePost("https://127.0.0.1:" + std::to_string(server.port())));
  EXPECT_EQ(exchange.failure, TransportFailure::kTlsFailed);
  EXPECT_EQ(ClassOf(exchange), AttemptClass::kNotSent);
}

struct Broken {
  const char* name;
  std::string bytes;
  TransportFailure failure;
  int http_status;
  AttemptClass outcome;
};

class BrokenAnswerTest : public CurlTransportTest, public testing::WithParamInterface<Broken> {};

TEST_P(BrokenAnswerTest, IsReportedAsFarAsItCame) {
  Seen seen;
  ScriptedServer server([&](ScriptedConnection& connection) {
    seen.AddNextOf(connection);
    connection.Write(GetParam().bytes);
  });
  CurlTransport transport({}, &clock_);
  const HttpExchange exchange = PostOne(transport, MakePost(server.url()));
  EXPECT_EQ(exchange.failure, GetParam().failure);
  EXPECT_EQ(exchange.http_status, GetParam().http_status);
  EXPECT_EQ(ClassOf(exchange), GetParam().outcome);
  EXPECT_EQ(seen.count(), 1U);
}

INSTANTIATE_TEST_SUITE_P(
    All, BrokenAnswerTest,
    testing::Values(
        Broken{"Nothing", "", TransportFailure::kConnectionLost, 0, AttemptClass::kAmbiguous},
        Broken{"CutBody", std::string("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n") + kAccepted,
               TransportFailure::kAnswerCutShort, 200, AttemptClass::kAmbiguous},
        Broken{"CutChunks",
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"data\":\r\n",
               TransportFailure::kAnswerCutShort, 200, AttemptClass::kAmbiguous},
        Broken{"CutHeadOf200", "HTTP/1.1 200 OK\r\nContent-Le", TransportFailure::kConnectionLost,
               200, AttemptClass::kAmbiguous},
        Broken{"CutBodyOf400", "HTTP/1.1 400 Bad\r\nContent-Length: 500\r\n\r\n{\"err",
               TransportFailure::kAnswerCutShort, 400, AttemptClass::kRefused},
        Broken{"CutBodyOf429", "HTTP/1.1 429 Slow\r\nContent-Length: 500\r\n\r\n",
               TransportFailure::kAnswerCutShort, 429, AttemptClass::kRefusedTransient},
        Broken{"CutBodyOf500",
               "HTTP/1.1 500 No\r\nContent-Length: 500\r\n\r\n{\"error\":{\"code\":500}}",
               TransportFailure::kAnswerCutShort, 500, AttemptClass::kAmbiguous},
        Broken{"Garbage", "hello there\r\n\r\n", TransportFailure::kAnswerMalformed, 0,
               AttemptClass::kAmbiguous},
        Broken{"OnlyInterim", "HTTP/1.1 103 Early Hints\r\nRetry-After: 9\r\n\r\n",
               TransportFailure::kConnectionLost, 0, AttemptClass::kAmbiguous},
        Broken{"TooLong",
               "HTTP/1.1 200 OK\r\nContent-Length: 2097152\r\n\r\n" + std::string(2 << 20, ' '),
               TransportFailure::kAnswerTooLong, 200, AttemptClass::kAmbiguous},
        Broken{"TooManyHeaders",
               "HTTP/1.1 200 OK\r\n" +
                   [] {
                     std::string headers;
                     for (int i = 0; i < 100; ++i) {
                       headers += "X-Filler: " + std::string(1000, 'x') + "\r\n";
                     }
                     return headers;
                   }() +
                   "Content-Length: 2\r\n\r\n{}",
               TransportFailure::kAnswerTooLong, 200, AttemptClass::kAmbiguous}),
    [](const testing::TestParamInfo<Broken>& tested) { return tested.param.name; });

TEST_F(CurlTransportTest, LargestAllowedAnswerIsRead) {
  ScriptedServer server([&](ScriptedConnection& connection) {
    connection.ReadRequest();
    connection.Answer(std::string(1 << 20, ' '));
  });
  CurlTransport transport({}, &clock_);
  const HttpExchange exchange = PostOne(transport, MakePost(server.url()));
  EXPECT_EQ(exchange.failure, TransportFailure::kNone);
  EXPECT_EQ(exchange.body.size(), size_t{1} << 20);
}

TEST_F(CurlTransportTest, NoAnswerUntilTheDeadlineIsAmbiguous) {
  ScriptedServer server([&](ScriptedConnection& connection) {
    connection.ReadRequest();
    connection.WaitForClose();
  });
  CurlTransport transport({}, &clock_);
  HttpPost post = MakePost(server.url());
  post.deadline = clock_.Now() + absl::Milliseconds(300);
  const HttpExchange exchange = PostOne(transport, std::move(post));
  EXPECT_EQ(exchange.failure, TransportFailure::kTimeout);
  EXPECT_TRUE(exchange.request_byte_written);
  EXPECT_EQ(ClassOf(exchange), AttemptClass::kAmbiguous);
}

TEST_F(CurlTransportTest, StatusThatCameBeforeTheDeadlineDecides) {
  ScriptedServer server([&](ScriptedConnection& connection) {
    connection.ReadRequest();
    connection.Write("HTTP/1.1 401 No\r\nContent-Length: 10\r\n\r\n{");
    connection.WaitForClose();
  });
  CurlTransport transport({}, &clock_);
  HttpPost post = MakePost(server.url());
  post.deadline = clock_.Now() + absl::Milliseconds(300);
  const HttpExchange exchange = PostOne(transport, std::move(post));
  EXPECT_EQ(exchange.failure, TransportFailure::kTimeout);
  EXPECT_EQ(ClassOf(exchange), AttemptClass::kRefusedAccount);
}

TEST_F(CurlTransportTest, NothingIsSentAfterStartByOrDeadline) {
  ScriptedServer server([](ScriptedConnection& connection) { connection.WaitForClose(); });
  CurlTransport transport({}, &clock_);
  HttpPost late = MakePost(server.url());
  late.start_by = clock_.Now() - absl::Seconds(1);
  HttpPost over = MakePost(server.url());
  over.deadline = clock_.Now() - absl::Seconds(1);
  for (HttpPost& post : std::vector<HttpPost>{late, over}) {
    const HttpExchange exchange = PostOne(transport, std::move(post));
    EXPECT_EQ(exchange.failure, TransportFailure::kStartTooLate);
    EXPECT_EQ(ClassOf(exchange), AttemptClass::kNotSent);
  }
  EXPECT_EQ(server.connections(), 0);
}

// Lets the first `calls_before` looks at the clock see the true time, and later ones a later time.
class JumpingClock : public Clock {
 public:
  explicit JumpingClock(int calls_before) : calls_left_(calls_before) {}
  absl::Time Now() override {
    return absl::Now() + (calls_left_.fetch_sub(1) > 0 ? absl::ZeroDuration() : absl::Hours(1));
  }

 private:
  std::atomic<int> calls_left_;
};

TEST_F(CurlTransportTest, LeaseIsCheckedJustBeforeTheFirstByte) {
  absl::Mutex mu;
  bool closed = false;
  bool spoke = false;
  ScriptedServer server([&](ScriptedConnection& connection) {
    const bool head = connection.ReadHead().has_value();
    absl::MutexLock lock(&mu);
    spoke = head;
    closed = true;
  });
  JumpingClock clock(2);  // admission and the computation of the timeout
  {
    CurlTransport transport({}, &clock);
    HttpPost post = MakePost(server.url());
    post.start_by = absl::Now() + absl::Minutes(1);
    post.deadline = absl::Now() + absl::Hours(2);
    const HttpExchange exchange = PostOne(transport, std::move(post));
    EXPECT_EQ(exchange.failure, TransportFailure::kStartTooLate);
    EXPECT_FALSE(exchange.request_byte_written);
  }
  absl::MutexLock lock(&mu);
  EXPECT_TRUE(mu.AwaitWithTimeout(absl::Condition(&closed), kPatience));
  EXPECT_FALSE(spoke);
}

TEST_F(CurlTransportTest, RedirectIsNotFollowed) {
  Seen seen;
  ScriptedServer server([&](ScriptedConnection& connection) {
    while (auto request = connection.ReadRequest()) {
      seen.Add(*std::move(request));
      connection.Answer("", 307, "Location: /elsewhere\r\n");
    }
  });
  CurlTransport transport({}, &clock_);
  const HttpExchange exchange = PostOne(transport, MakePost(server.url()));
  EXPECT_EQ(exchange.http_status, 307);
  EXPECT_EQ(ClassOf(exchange), AttemptClass::kRefused);
  EXPECT_EQ(seen.count(), 1U);
}

TEST_F(CurlTransportTest, InterimAnswersAreSkipped) {
  ScriptedServer server([&](ScriptedConnection& connection) {
    connection.ReadRequest();
    connection.Write("HTTP/1.1 100 Continue\r\n\r\n");
    connection.Write("HTTP/1.1 103 Early Hints\r\nRetry-After: 9\r\n\r\n");
    connection.Answer(kAccepted);
  });
  CurlTransport transport({}, &clock_);
  const HttpExchange exchange = PostOne(transport, MakePost(server.url()));
  EXPECT_EQ(exchange.http_status, 200);
  EXPECT_EQ(exchange.body, kAccepted);
  EXPECT_EQ(exchange.retry_after, "");
}

TEST_F(CurlTransportTest, ConnectionIdleForTooLongIsNotUsedAgain) {
  absl::Mutex mu;
  bool idle_long_enough = false;
  ScriptedServer server([&](ScriptedConnection& connection) {
    connection.ReadRequest();
    connection.Answer(kAccepted);
    if (connection.index() == 0) {
      // Nobody closes it: what ends this wait is its age.
      EXPECT_FALSE(connection.WaitForClose(absl::Milliseconds(1200)));
      absl::MutexLock lock(&mu);
      idle_long_enough = true;
    }
    connection.WaitForClose();
  });
  CurlTransport transport({.idle_max = absl::Seconds(1)}, &clock_);
  PostOne(transport, MakePost(server.url()));
  {
    absl::MutexLock lock(&mu);
    ASSERT_TRUE(mu.AwaitWithTimeout(absl::Condition(&idle_long_enough), kPatience));
  }
  EXPECT_EQ(PostOne(transport, MakePost(server.url())).http_status, 200);
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(CurlTransportTest, ThousandPostsShareFewConnections) {
  constexpr size_t kPosts = 1000;
  constexpr int kConnections = 8;
  std::atomic<size_t> served = 0;
  ScriptedServer server([&](ScriptedConnection& connection) {
    while (connection.ReadRequest().has_value()) {
      ++served;
      connection.Answer(kAccepted);
    }
  });
  Outcomes outcomes;
  CurlTransport transport({.connections_max = kConnections}, &clock_);
  for (size_t i = 0; i < kPosts; ++i) {
    transport.Post(MakePost(server.url()), outcomes.Collect());
  }
  for (const HttpExchange& exchange : outcomes.Await(kPosts)) {
    EXPECT_EQ(exchange.http_status, 200);
  }
  EXPECT_EQ(outcomes.count(), kPosts);
  EXPECT_EQ(served, kPosts);
  EXPECT_LE(server.connections(), kConnections);
}

TEST_F(CurlTransportTest, PostThatWaitsTooLongForAConnectionIsNotSent) {
  Seen seen;
  ScriptedServer server([&](ScriptedConnection& connection) {
    seen.AddNextOf(connection);
    connection.WaitForClose();
  });
  Outcomes held;
  CurlTransport transport({.connections_max = 1, .waiting_max = 1}, &clock_);
  transport.Post(MakePost(server.url()), held.Collect());
  seen.AwaitCount(1);
  Outcomes waiting;
  HttpPost post = MakePost(server.url());
  post.start_by = clock_.Now() + absl::Milliseconds(200);
  transport.Post(std::move(post), waiting.Collect());
  const HttpExchange full = PostOne(transport, MakePost(server.url()));
  EXPECT_EQ(full.failure, TransportFailure::kQueueFull);
  EXPECT_EQ(ClassOf(full), AttemptClass::kNotSent);
  EXPECT_EQ(waiting.Await(1).at(0).failure, TransportFailure::kStartTooLate);
  EXPECT_EQ(held.count(), 0U);
  EXPECT_EQ(seen.count(), 1U);
}

TEST_F(CurlTransportTest, DoneMayPostAgain) {
  ScriptedServer server([&](ScriptedConnection& connection) {
    while (connection.ReadRequest().has_value()) {
      connection.Answer(kAccepted);
    }
  });
  Outcomes outcomes;
  CurlTransport transport({}, &clock_);
  transport.Post(MakePost(server.url()), [&](const HttpExchange&) {
    transport.Post(MakePost(server.url()), outcomes.Collect());
  });
  EXPECT_EQ(outcomes.Await(1).at(0).http_status, 200);
  transport.Shutdown(absl::ZeroDuration());
}

TEST_F(CurlTransportTest, ShutdownEndsEveryPostOnce) {
  Seen seen;
  ScriptedServer server([&](ScriptedConnection& connection) {
    seen.AddNextOf(connection);
    connection.WaitForClose();
  });
  constexpr size_t kOnTheWire = 4;
  constexpr size_t kPosts = 10;
  Outcomes outcomes;
  CurlTransport transport({.connections_max = kOnTheWire}, &clock_);
  for (size_t i = 0; i < kPosts; ++i) {
    transport.Post(MakePost(server.url()), outcomes.Collect());
  }
  seen.AwaitCount(kOnTheWire);
  transport.Shutdown(absl::Milliseconds(50));
  size_t ambiguous = 0;
  EXPECT_EQ(outcomes.count(), kPosts);
  for (const HttpExchange& exchange : outcomes.Await(kPosts)) {
    EXPECT_EQ(exchange.failure, TransportFailure::kShuttingDown);
    ambiguous += ClassOf(exchange) == AttemptClass::kAmbiguous ? 1 : 0;
  }
  EXPECT_EQ(ambiguous, kOnTheWire);
  // Later posts are answered too, and Shutdown waits for them.
  transport.Post(MakePost(server.url()), outcomes.Collect());
  transport.Shutdown(absl::ZeroDuration());
  EXPECT_EQ(outcomes.count(), kPosts + 1);
  EXPECT_EQ(seen.count(), kOnTheWire);
}

TEST_F(CurlTransportTest, ShutdownLetsPostsFinishWithinTheGrace) {
  Seen seen;
  absl::Mutex mu;
  bool shutting_down = false;
  ScriptedServer server([&](ScriptedConnection& connection) {
    seen.AddNextOf(connection);
    absl::MutexLock lock(&mu);
    mu.AwaitWithTimeout(absl::Condition(&shutting_down), kPatience);
    connection.Answer(kAccepted);
  });
  Outcomes outcomes;
  Outcomes refused;
  CurlTransport transport({.connections_max = 1}, &clock_);
  transport.Post(MakePost(server.url()), outcomes.Collect());
  seen.AwaitCount(1);
  // Waits for the one connection; that it is turned away shows that the shutdown has begun.
  transport.Post(MakePost(server.url()), [&](const HttpExchange& exchange) {
    EXPECT_EQ(exchange.failure, TransportFailure::kShuttingDown);
    absl::MutexLock lock(&mu);
    shutting_down = true;
  });
  transport.Shutdown(kPatience);
  ASSERT_EQ(outcomes.count(), 1U);
  EXPECT_EQ(outcomes.Await(1).at(0).http_status, 200);
}

}  // namespace
}  // namespace genledger
