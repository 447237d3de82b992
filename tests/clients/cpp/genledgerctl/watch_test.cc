// `genledgerctl watch`: what it prints, when it ends and with which exit code.
// The real program, against a server that answers what each test tells it to.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "tests/clients/cpp/fake_server.h"
#include "tests/clients/cpp/genledgerctl/ctl_fixture.h"
#include "tests/clients/cpp/genledgerctl/process.h"

namespace genledger::test {
namespace {

using Message = v1::WatchSubmissionResponse;
using Submission = v1::Submission;
using Writer = grpc::ServerWriter<Message>;

Submission Record(int64_t revision, Submission::State state) {
  Submission submission;
  submission.set_id("sub_1");
  submission.set_revision(revision);
  submission.set_state(state);
  submission.mutable_update_time()->set_seconds(1'700'000'000 + revision);
  return submission;
}

Message Snapshot(const Submission& submission) {
  Message message;
  *message.mutable_snapshot() = submission;
  return message;
}

Message Event(int64_t revision, Submission::State state, const std::string& type) {
  Message message;
  v1::SubmissionEvent* event = message.mutable_event();
  event->set_revision(revision);
  event->mutable_time()->set_seconds(1'700'000'000 + revision);
  event->set_state(state);
  event->set_type(type);
  return message;
}

Message Accepted(int64_t revision) {
  Message message = Event(revision, Submission::STATE_SUBMITTED, "accepted");
  message.mutable_event()->set_attempt(1);
  message.mutable_event()->set_outcome(v1::Attempt::OUTCOME_ACCEPTED);
  message.mutable_event()->set_task_id("task_1");
  message.mutable_event()->set_actor("replica\x1b[2J");
  return message;
}

// Streams these and ends; GetSubmission answers `record`.
Handlers Watching(std::vector<Message> messages, const Submission& record = {}) {
  return {.get =
              [record](grpc::ServerContext&, const v1::GetSubmissionRequest& request,
                       Submission& response) {
                EXPECT_EQ(request.id(), "sub_1");
                response = record;
                return grpc::Status::OK;
              },
          .watch =
              [messages = std::move(messages)](grpc::ServerContext&,
                                               const v1::WatchSubmissionRequest&, Writer& writer) {
                for (const Message& message : messages) {
                  writer.Write(message);
                }
                return grpc::Status::OK;
              }};
}

TEST(WatchTest, OnAPipeEachEventIsALine) {
  FakeServer server(Watching({Snapshot(Record(2, Submission::STATE_DISPATCHING)), Accepted(3)}));
  const Finished run = RunCtl(server, {"watch", "sub_1", "--tenant=t"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_EQ(run.out,
            "2023-11-14T22:13:22Z  2  DISPATCHING  found\n"
            "2023-11-14T22:13:23Z  3  SUBMITTED  accepted  attempt=1  outcome=ACCEPTED  "
            "task_id=task_1  actor=replica\\x1b[2J\n");
  EXPECT_EQ(server.calls().front().watch.id(), "sub_1");
  EXPECT_EQ(server.calls().front().watch.tenant(), "t");
}

TEST(WatchTest, EventsOfThePastComeInOrderWithoutTheSnapshot) {
  FakeServer server(Watching({Snapshot(Record(3, Submission::STATE_SUBMITTED)),
                              Event(2, Submission::STATE_DISPATCHING, "claimed"), Accepted(3)}));
  const Finished run = RunCtl(server, {"watch", "--request_id=r", "--after_revision=1"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_TRUE(Contains(run.out, "22Z  2  DISPATCHING  claimed\n2023")) << run.out;
  EXPECT_FALSE(Contains(run.out, "found")) << run.out;
  EXPECT_EQ(server.calls().front().watch.request_id(), "r");
  EXPECT_EQ(server.calls().front().watch.after_revision(), 1);
}

TEST(WatchTest, JsonIsOneObjectALine) {
  FakeServer server(Watching({Snapshot(Record(2, Submission::STATE_DISPATCHING)), Accepted(3)}));
  const Finished run = RunCtl(server, {"watch", "sub_1", "--output=json"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  const size_t first_end = run.out.find('\n');
  EXPECT_EQ(run.out.rfind(R"({"snapshot": {"id": "sub_1")", 0), 0U) << run.out;
  EXPECT_EQ(run.out.find(R"({"event": {"revision": "3")"), first_end + 1) << run.out;
  EXPECT_EQ(run.out.find('\n', first_end + 1), run.out.size() - 1) << run.out;
  EXPECT_EQ(run.out.find('\x1b'), std::string::npos);
}

TEST(WatchTest, AnErrorIsOneLineOfJsonToo) {
  FakeServer server({.watch = [](grpc::ServerContext&, const v1::WatchSubmissionRequest&, Writer&) {
    return ToStatus({.code = grpc::StatusCode::NOT_FOUND,
                     .message = "there is none",
                     .reason = "SUBMISSION_NOT_FOUND"});
  }});
  const Finished run = RunCtl(server, {"watch", "sub_1", "--output=json"});
  EXPECT_EQ(run.exit_code, 4);
  EXPECT_EQ(run.out.find('\n'), run.out.size() - 1) << run.out;
  EXPECT_TRUE(Contains(run.out, R"("reason": "SUBMISSION_NOT_FOUND")")) << run.out;
  EXPECT_TRUE(Contains(run.err, "next: ")) << run.err;
}

TEST(WatchTest, IdIsPrintedAtTheEnd) {
  FakeServer server(Watching({Snapshot(Record(2, Submission::STATE_DISPATCHING)), Accepted(3)}));
  EXPECT_EQ(RunCtl(server, {"watch", "sub_1", "--output=id"}).out, "task_1\n");
}

struct EndCase {
  Submission::State state;
  const char* reason;
  int exit_code;
};

class WatchEnds : public testing::TestWithParam<EndCase> {};

TEST_P(WatchEnds, WithTheExitCodeOfTheState) {
  Submission record = Record(3, GetParam().state);
  record.mutable_failure()->set_reason(GetParam().reason);
  FakeServer server(Watching(
      {Snapshot(Record(2, Submission::STATE_DISPATCHING)), Event(3, GetParam().state, "ended")},
      record));
  EXPECT_EQ(RunCtl(server, {"watch", "sub_1"}).exit_code, GetParam().exit_code);
  // Found so.
  FakeServer settled(Watching({Snapshot(record)}));
  EXPECT_EQ(RunCtl(settled, {"watch", "sub_1"}).exit_code, GetParam().exit_code);
}

INSTANTIATE_TEST_SUITE_P(
    States, WatchEnds,
    testing::Values(EndCase{Submission::STATE_SUBMITTED, "", 0},
                    EndCase{Submission::STATE_FAILED, "UPSTREAM_REFUSED_REQUEST", 7},
                    EndCase{Submission::STATE_FAILED, "UPSTREAM_BALANCE_EXHAUSTED", 7},
                    EndCase{Submission::STATE_FAILED, "UPSTREAM_UNAVAILABLE", 5},
                    EndCase{Submission::STATE_FAILED, "SUBMIT_WITHIN_EXPIRED", 5},
                    EndCase{Submission::STATE_FAILED, "UPSTREAM_RATE_LIMITED", 10},
                    EndCase{Submission::STATE_CANCELLED, "", 7},
                    EndCase{Submission::STATE_ABANDONED, "", 8}));

// Streams these and stays open until `over`, as the server does while an outcome is unknown.
Handlers HeldOpen(std::vector<Message> messages, const Submission& record,
                  const absl::Notification& over) {
  Handlers handlers = Watching({}, record);
  handlers.watch = [messages = std::move(messages), &over](
                       grpc::ServerContext&, const v1::WatchSubmissionRequest&, Writer& writer) {
    for (const Message& message : messages) {
      writer.Write(message);
    }
    over.WaitForNotification();
    return grpc::Status::OK;
  };
  return handlers;
}

TEST(WatchTest, AnUnknownOutcomeThatIsHeldForAPersonEndsIt) {
  const Submission held = Record(3, Submission::STATE_OUTCOME_UNKNOWN);
  absl::Notification over;
  FakeServer server(HeldOpen({Snapshot(Record(2, Submission::STATE_DISPATCHING)),
                              Event(3, Submission::STATE_OUTCOME_UNKNOWN, "unknown")},
                             held, over));
  FakeServer found(HeldOpen({Snapshot(held)}, held, over));
  const Finished run = RunCtl(server, {"watch", "sub_1"});
  const Finished found_run = RunCtl(found, {"watch", "sub_1"});
  over.Notify();
  EXPECT_EQ(run.exit_code, 8);
  EXPECT_TRUE(Contains(run.err, "genledgerctl unknown")) << run.err;
  EXPECT_EQ(found_run.exit_code, 8);
}

TEST(WatchTest, AnUnknownOutcomeThatAPolicyActsOnDoesNotEndIt) {
  Submission acting = Record(3, Submission::STATE_OUTCOME_UNKNOWN);
  acting.mutable_next_attempt_time()->set_seconds(2'000'000'000);
  FakeServer server(Watching(
      {Snapshot(acting), Event(4, Submission::STATE_DISPATCHING, "claimed"), Accepted(5)}, acting));
  const Finished run = RunCtl(server, {"watch", "sub_1"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_TRUE(Contains(run.out, "accepted")) << run.out;
}

TEST(WatchTest, AnUnknownOutcomeOfThePastDoesNotEndIt) {
  FakeServer server(Watching({Snapshot(Record(4, Submission::STATE_SUBMITTED)),
                              Event(3, Submission::STATE_OUTCOME_UNKNOWN, "unknown"), Accepted(4)},
                             Record(4, Submission::STATE_SUBMITTED)));
  const Finished run = RunCtl(server, {"watch", "sub_1", "--after_revision=2"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_TRUE(Contains(run.out, "accepted")) << run.out;
}

TEST(WatchTest, ABrokenWatchSaysWhereToGoOn) {
  FakeServer server({.watch = [](grpc::ServerContext& context, const v1::WatchSubmissionRequest&,
                                 Writer& writer) {
    writer.Write(Snapshot(Record(2, Submission::STATE_DISPATCHING)));
    context.AddTrailingMetadata("grpc-retry-pushback-ms", "-1");
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone");
  }});
  const Finished run = RunCtl(server, {"watch", "sub_1"});
  EXPECT_EQ(run.exit_code, 5);
  EXPECT_TRUE(Contains(run.err, "--after_revision=2\n")) << run.err;
}

TEST(WatchTest, OnATerminalALiveLineSaysWhereItStands) {
  absl::Notification asked;
  Submission waiting = Record(2, Submission::STATE_PENDING);
  waiting.add_attempts()->set_number(1);
  waiting.mutable_next_attempt_time()->set_seconds(absl::ToUnixSeconds(absl::Now()) + 3600);
  FakeServer server(
      {.get =
           [&](grpc::ServerContext&, const v1::GetSubmissionRequest&, Submission& response) {
             response = Record(3, Submission::STATE_PENDING);
             response.mutable_next_attempt_time()->set_seconds(absl::ToUnixSeconds(absl::Now()) +
                                                               7200);
             asked.Notify();
             return grpc::Status::OK;
           },
       .watch =
           [&](grpc::ServerContext&, const v1::WatchSubmissionRequest&, Writer& writer) {
             writer.Write(Snapshot(waiting));
             writer.Write(Event(3, Submission::STATE_PENDING, "retry_scheduled"));
             asked.WaitForNotification();
             writer.Write(Accepted(4));
             return grpc::Status::OK;
           }});
  const Finished run = RunOnTerminal(
      {Genledgerctl(), "watch", "sub_1", "--server=" + server.address()}, {"TERM=xterm"});
  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_TRUE(Contains(run.out, "\r\x1b[KPENDING, attempt 1, next attempt in 59m")) << run.out;
  EXPECT_TRUE(Contains(run.out, "next attempt in 1h59m, watched for 0s")) << run.out;
  EXPECT_TRUE(Contains(run.out, "  accepted  ")) << run.out;
}

}  // namespace
}  // namespace genledger::test
