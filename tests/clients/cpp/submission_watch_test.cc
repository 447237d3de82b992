#include "clients/cpp/submission_watch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "clients/cpp/client.h"
#include "tests/clients/cpp/fake_server.h"

namespace genledger::client {
namespace {

using test::FakeServer;
using test::ToStatus;
using Message = v1::WatchSubmissionResponse;
using State = v1::Submission::State;
using Writer = grpc::ServerWriter<Message>;

// Longer than any test takes.
constexpr absl::Duration kPatience = absl::Seconds(30);

const grpc::Status kUnavailable(grpc::StatusCode::UNAVAILABLE, "not now");

// Time that only sleeping moves.
struct ManualTime {
  absl::Time now = absl::UnixEpoch();
  std::vector<absl::Duration> delays;

  Environment environment() {
    return {.now = [this] { return now; },
            .sleep =
                [this](absl::Duration delay) {
                  delays.push_back(delay);
                  now += delay;
                },
            .random = [] { return 0.5; }};
  }
};

Message Snapshot(int64_t revision, State state = v1::Submission::STATE_DISPATCHING) {
  Message message;
  message.mutable_snapshot()->set_id("sub_1");
  message.mutable_snapshot()->set_revision(revision);
  message.mutable_snapshot()->set_state(state);
  return message;
}

Message Event(int64_t revision) {
  Message message;
  message.mutable_event()->set_revision(revision);
  return message;
}

Message Heartbeat() {
  Message message;
  message.mutable_heartbeat();
  return message;
}

Message Resume(int64_t revision) {
  Message message;
  message.mutable_resume()->set_after_revision(revision);
  return message;
}

struct Stream {
  std::vector<Message> messages;
  grpc::Status end = grpc::Status::OK;
  bool silent = false;  // says nothing more until the test is over
  std::string pushback;
};

// Answers each watch with the next of `streams`, and with UNAVAILABLE after the last.
class StreamingServer {
 public:
  explicit StreamingServer(std::vector<Stream> streams)
      : streams_(std::move(streams)),
        server_({.watch = [this](grpc::ServerContext& context, const v1::WatchSubmissionRequest&,
                                 Writer& writer) { return Answer(context, writer); }}) {}
  ~StreamingServer() { over_.Notify(); }

  const FakeServer& server() const { return server_; }
  std::vector<test::SeenCall> calls() const { return server_.calls(); }

 private:
  grpc::Status Answer(grpc::ServerContext& context, Writer& writer) {
    const size_t index = next_++;
    if (index >= streams_.size()) {
      return kUnavailable;
    }
    const Stream& stream = streams_[index];
    for (const Message& message : stream.messages) {
      writer.Write(message);
    }
    if (stream.silent) {
      over_.WaitForNotification();
    }
    if (!stream.pushback.empty()) {
      context.AddTrailingMetadata("grpc-retry-pushback-ms", stream.pushback);
    }
    return stream.end;
  }

  const std::vector<Stream> streams_;
  std::atomic<size_t> next_ = 0;
  absl::Notification over_;
  FakeServer server_;
};

std::unique_ptr<Client> Connect(const StreamingServer& server, ManualTime& time,
                                ClientOptions options = {}) {
  options.server = server.server().address();
  options.environment = time.environment();
  Result<std::unique_ptr<Client>> client = Client::Create(std::move(options));
  EXPECT_TRUE(client.ok());
  return *std::move(client);
}

v1::WatchSubmissionRequest AfterRevision(int64_t revision) {
  v1::WatchSubmissionRequest request;
  request.set_id("sub_1");
  request.set_after_revision(revision);
  return request;
}

// "snapshot 2, event 3, end": the news until the end or an error.
struct Told {
  std::string news;
  std::optional<Error> error;
};

Told TellAll(SubmissionWatch& watch) {
  Told told;
  for (;;) {
    const Result<SubmissionWatch::News> news = watch.Next(kPatience);
    if (!news.ok()) {
      told.error = news.error();
      return told;
    }
    if (std::holds_alternative<SubmissionWatch::Ended>(*news)) {
      told.news += "end";
      return told;
    }
    if (const auto* snapshot = std::get_if<v1::Submission>(&*news); snapshot != nullptr) {
      told.news += "snapshot " + std::to_string(snapshot->revision()) + ", ";
    } else if (const auto* event = std::get_if<v1::SubmissionEvent>(&*news); event != nullptr) {
      told.news += "event " + std::to_string(event->revision()) + ", ";
    }
  }
}

TEST(SubmissionWatchTest, TellsTheSnapshotAndEveryEventUntilTheEnd) {
  StreamingServer server({{.messages = {Snapshot(2), Event(3), Heartbeat(), Event(4)}}});
  ManualTime time;
  const auto client = Connect(server, time);
  SubmissionWatch watch = client->Watch(AfterRevision(0));
  EXPECT_EQ(watch.revision(), 0);
  EXPECT_EQ(TellAll(watch).news, "snapshot 2, event 3, event 4, end");
  EXPECT_EQ(watch.revision(), 4);
  EXPECT_EQ(TellAll(watch).news, "end");
  EXPECT_EQ(server.calls().size(), 1U);
}

TEST(SubmissionWatchTest, ABrokenStreamGoesOnWhereItEndedAndTellsNothingTwice) {
  StreamingServer server({{.messages = {Snapshot(2), Event(3)}, .end = kUnavailable},
                          {.messages = {Snapshot(5)}, .end = kUnavailable},
                          {.messages = {Snapshot(5), Event(3), Event(4), Event(5)}}});
  ManualTime time;
  const auto client = Connect(server, time);
  SubmissionWatch watch = client->Watch(AfterRevision(0));
  EXPECT_EQ(TellAll(watch).news, "snapshot 2, event 3, event 4, event 5, end");
  ASSERT_EQ(server.calls().size(), 3U);
  EXPECT_EQ(server.calls()[0].watch.after_revision(), 0);
  EXPECT_EQ(server.calls()[1].watch.after_revision(), 3);
  EXPECT_EQ(server.calls()[2].watch.after_revision(), 3);
  EXPECT_EQ(server.calls()[2].watch.id(), "sub_1");
  // Half (the random share) of 100 ms each time: what spoke in between was no failure in a row.
  EXPECT_EQ(time.delays, (std::vector{absl::Milliseconds(50), absl::Milliseconds(50)}));
}

TEST(SubmissionWatchTest, ADrainingServerIsFollowedByAnotherStream) {
  StreamingServer server(
      {{.messages = {Snapshot(2), Resume(2)}}, {.messages = {Snapshot(3), Event(3)}}});
  ManualTime time;
  const auto client = Connect(server, time);
  SubmissionWatch watch = client->Watch(AfterRevision(0));
  EXPECT_EQ(TellAll(watch).news, "snapshot 2, event 3, end");
  EXPECT_EQ(server.calls()[1].watch.after_revision(), 2);
}

TEST(SubmissionWatchTest, AStreamThatAServerResetsIsReplaced) {
  StreamingServer server(
      {{.messages = {Snapshot(2)}, .end = grpc::Status(grpc::StatusCode::CANCELLED, "")},
       {.messages = {Snapshot(3), Event(3)}}});
  ManualTime time;
  const auto client = Connect(server, time);
  SubmissionWatch watch = client->Watch(AfterRevision(0));
  EXPECT_EQ(TellAll(watch).news, "snapshot 2, event 3, end");
}

TEST(SubmissionWatchTest, EventsAfterTheRevisionThatTheCallerNames) {
  StreamingServer server({{.messages = {Snapshot(9)}, .end = kUnavailable},
                          {.messages = {Snapshot(9), Event(8), Event(9)}}});
  ManualTime time;
  const auto client = Connect(server, time);
  SubmissionWatch watch = client->Watch(AfterRevision(7));
  EXPECT_EQ(TellAll(watch).news, "snapshot 9, event 8, event 9, end");
  EXPECT_EQ(server.calls()[1].watch.after_revision(), 7);
}

TEST(SubmissionWatchTest, ASilentStreamIsReplaced) {
  // On a slow machine a stream may count as silent although it was about to speak.
  std::vector<Stream> streams(20, {.messages = {Snapshot(3), Event(3)}});
  streams.front() = {.messages = {Snapshot(2)}, .silent = true};
  StreamingServer server(std::move(streams));
  ManualTime time;
  const auto client = Connect(server, time, {.watch_silence_max = absl::Milliseconds(200)});
  SubmissionWatch watch = client->Watch(AfterRevision(0));
  EXPECT_EQ(TellAll(watch).news, "snapshot 2, event 3, end");
}

TEST(SubmissionWatchTest, TheFirstStreamIsTriedAsOftenAsAnyCall) {
  StreamingServer server({});
  ManualTime time;
  const auto client = Connect(server, time, {.retry = {.attempts_max = 3}});
  SubmissionWatch watch = client->Watch(AfterRevision(0));
  const Told told = TellAll(watch);
  ASSERT_TRUE(told.error.has_value());
  EXPECT_EQ(told.error->code, grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(told.error->stop, RetryStop::kAttemptsUsedUp);
  EXPECT_EQ(told.error->attempts, 3);
  EXPECT_EQ(server.calls().size(), 3U);
}

TEST(SubmissionWatchTest, ALostStreamIsSoughtForItsTimeHoweverManyAttempts) {
  StreamingServer server({{.messages = {Snapshot(2)}, .end = kUnavailable}});
  ManualTime time;
  const auto client = Connect(
      server, time, {.retry = {.attempts_max = 1}, .watch_reconnect_max = absl::Seconds(20)});
  SubmissionWatch watch = client->Watch(AfterRevision(0));
  const Told told = TellAll(watch);
  EXPECT_EQ(told.news, "snapshot 2, ");
  ASSERT_TRUE(told.error.has_value());
  EXPECT_EQ(told.error->stop, RetryStop::kNoTimeLeft);
  EXPECT_GT(server.calls().size(), 5U);
  EXPECT_LE(time.now - absl::UnixEpoch(), absl::Seconds(20));
  EXPECT_EQ(watch.revision(), 2);
}

TEST(SubmissionWatchTest, PushbackOfMinusOneForbidsAnotherStream) {
  StreamingServer server({{.messages = {Snapshot(2)}, .end = kUnavailable, .pushback = "-1"}});
  ManualTime time;
  const auto client = Connect(server, time);
  SubmissionWatch watch = client->Watch(AfterRevision(0));
  const Told told = TellAll(watch);
  ASSERT_TRUE(told.error.has_value());
  EXPECT_EQ(told.error->stop, RetryStop::kForbidden);
  EXPECT_EQ(server.calls().size(), 1U);
}

TEST(SubmissionWatchTest, OtherErrorsEndItAndAreDecoded) {
  StreamingServer server({{.end = ToStatus({.code = grpc::StatusCode::NOT_FOUND,
                                            .message = "there is no such submission",
                                            .reason = "SUBMISSION_NOT_FOUND"})}});
  ManualTime time;
  const auto client = Connect(server, time);
  SubmissionWatch watch = client->Watch(AfterRevision(0));
  const Told told = TellAll(watch);
  ASSERT_TRUE(told.error.has_value());
  EXPECT_EQ(told.error->reason, "SUBMISSION_NOT_FOUND");
  EXPECT_EQ(server.calls().size(), 1U);
}

TEST(SubmissionWatchTest, AServerThatNeverSpeaksIsADeadlineExceeded) {
  StreamingServer server(std::vector<Stream>{{.silent = true}});
  ManualTime time;
  const auto client = Connect(server, time, {.timeout = absl::Milliseconds(200)});
  SubmissionWatch watch = client->Watch(AfterRevision(0));
  const Told told = TellAll(watch);
  ASSERT_TRUE(told.error.has_value());
  EXPECT_EQ(told.error->code, grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(told.error->attempts, 1);
}

TEST(SubmissionWatchTest, PatienceBoundsTheWaitAndDestructionEndsTheStream) {
  StreamingServer server({{.messages = {Snapshot(2)}, .silent = true}});
  ManualTime time;
  const auto client = Connect(server, time);
  SubmissionWatch watch = client->Watch(AfterRevision(0));
  ASSERT_TRUE(watch.Next(kPatience).ok());
  const Result<SubmissionWatch::News> nothing = watch.Next(absl::Milliseconds(1));
  ASSERT_TRUE(nothing.ok());
  EXPECT_TRUE(std::holds_alternative<SubmissionWatch::NothingYet>(*nothing));
}

TEST(SubmissionWatchTest, AnUnusableTokenSendsNothing) {
  StreamingServer server({});
  ManualTime time;
  const auto client = Connect(server, time, {.token_file = "/nonexistent/token"});
  SubmissionWatch watch = client->Watch(AfterRevision(0));
  const Told told = TellAll(watch);
  ASSERT_TRUE(told.error.has_value());
  EXPECT_EQ(told.error->code, grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_TRUE(server.calls().empty());
}

}  // namespace
}  // namespace genledger::client
