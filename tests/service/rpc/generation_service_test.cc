#include "service/rpc/generation_service.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "service/api/generation_api.h"
#include "service/base/errors.h"
#include "tests/service/dispatch/service_harness.h"
#include "tests/service/rpc/rpc_server.h"

namespace genledger {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(60);

// Every caller belongs to the harness's tenant, unless it shows a credential that is not good.
class TestAuthenticator : public Authenticator {
 public:
  absl::StatusOr<Principal> Authenticate(const CallCredential& credential) override {
    if (credential.authorization == "Bearer bad") {
      return MakeError(absl::StatusCode::kUnauthenticated, "bad credential",
                       {.reason = ErrorReason::kUnauthenticated, .no_retry = true});
    }
    return Principal{.name = "worker", .tenant = kTestTenant, .role = Role::kCaller};
  }
};

// One SubmitGeneration under way. (A Notification would hide its ordering from ThreadSanitizer: its
// fast path is inside Debian's Abseil.)
struct Submitting {
  void Finished(grpc::Status with) {
    absl::MutexLock lock(&mu);
    status = std::move(with);
    finished = true;
  }
  bool AwaitFinished() {
    absl::MutexLock lock(&mu);
    return mu.AwaitWithTimeout(absl::Condition(&finished), kPatience);
  }

  grpc::ClientContext context;
  v1::SubmitGenerationRequest request;
  v1::SubmitGenerationResponse response;
  grpc::Status status;
  absl::Mutex mu;
  bool finished = false;
};

class GenerationServiceTest : public ::testing::Test {
 protected:
  ~GenerationServiceTest() override { h_.service.Drain(); }

  static v1::SubmitGenerationRequest RequestOf(const std::string& prompt,
                                               const std::string& request_id = "") {
    v1::SubmitGenerationRequest request;
    request.mutable_spec()->set_prompt(prompt);
    request.set_request_id(request_id);
    return request;
  }
  std::unique_ptr<Submitting> Start(v1::SubmitGenerationRequest request) {
    auto call = std::make_unique<Submitting>();
    call->request = std::move(request);
    stub_->async()->SubmitGeneration(
        &call->context, &call->request, &call->response,
        [raw = call.get()](grpc::Status status) { raw->Finished(std::move(status)); });
    return call;
  }
  std::unique_ptr<Submitting> Finish(std::unique_ptr<Submitting> call) {
    EXPECT_TRUE(call->AwaitFinished());
    return call;
  }
  std::unique_ptr<Submitting> Submit(v1::SubmitGenerationRequest request) {
    return Finish(Start(std::move(request)));
  }
  // Recorded, posted, accepted as `task_id`.
  v1::Submission Submitted(const std::string& prompt, const std::string& task_id) {
    const size_t posts = h_.upstream.posts();
    auto call = Start(RequestOf(prompt, "id-of-" + task_id));
    EXPECT_TRUE(h_.upstream.AwaitPosts(posts + 1, kPatience));
    h_.upstream.Answer(posts, AcceptedAs(task_id));
    return Finish(std::move(call))->response.submission();
  }
  static std::string PushbackOf(const Submitting& call) {
    const auto& trailers = call.context.GetServerTrailingMetadata();
    const auto it = trailers.find("grpc-retry-pushback-ms");
    return it == trailers.end() ? "" : std::string(it->second.data(), it->second.size());
  }
  static std::string ReasonOf(const grpc::Status& status) {
    google::rpc::Status proto;
    google::rpc::ErrorInfo info;
    if (proto.ParseFromString(status.error_details()) && proto.details_size() > 0) {
      proto.details(0).UnpackTo(&info);
    }
    return info.reason();
  }
  bool AwaitWaiters(size_t count) {
    const absl::Time end = absl::Now() + kPatience;
    while (h_.hub.waiter_count() != count && absl::Now() < end) {
      std::this_thread::yield();
    }
    return h_.hub.waiter_count() == count;
  }

  ServiceHarness h_;
  TestAuthenticator authenticator_;
  ChangeService changes_{{.upstream_account = kTestAccount},
                         {.store = &h_.store, .dispatcher = &h_.dispatcher, .hub = &h_.hub}};
  GenerationApi api_{&h_.service, &changes_};
  GenerationServiceImpl service_{&authenticator_, &api_};
  RpcServer server_{&service_};
  std::unique_ptr<v1::GenerationService::Stub> stub_ =
      v1::GenerationService::NewStub(server_.channel());
};

TEST_F(GenerationServiceTest, SubmitAnswersTheTaskIdAndNoAttempts) {
  const v1::Submission submission = Submitted("a cat", "task-1");
  EXPECT_EQ(submission.state(), v1::Submission::STATE_SUBMITTED);
  EXPECT_EQ(submission.task_id(), "task-1");
  EXPECT_EQ(submission.spec().prompt(), "a cat");
  EXPECT_EQ(submission.attempts_size(), 0);
  const auto again = Submit(RequestOf("a cat", "id-of-task-1"));
  EXPECT_EQ(again->response.dedupe(), v1::SubmitGenerationResponse::DEDUPE_REPLAYED);
}

TEST_F(GenerationServiceTest, AnInvalidFieldIsToldWithItsDetailsAndNotRetried) {
  const auto call = Submit(RequestOf(""));
  EXPECT_EQ(call->status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ReasonOf(call->status), "FIELD_INVALID");
  EXPECT_EQ(PushbackOf(*call), "-1");
  google::rpc::Status proto;
  google::rpc::BadRequest bad;
  ASSERT_TRUE(proto.ParseFromString(call->status.error_details()));
  ASSERT_TRUE(proto.details(1).UnpackTo(&bad));
  EXPECT_EQ(bad.field_violations(0).field(), "spec.prompt");
}

TEST_F(GenerationServiceTest, AnUnknownFieldOfTheSpecIsRefused) {
  v1::SubmitGenerationRequest request = RequestOf("a cat");
  v1::GenerationSpec* spec = request.mutable_spec();
  spec->GetReflection()->MutableUnknownFields(spec)->AddVarint(99, 1);
  EXPECT_EQ(ReasonOf(Submit(request)->status), "FIELD_INVALID");
}

TEST_F(GenerationServiceTest, TheLargestErrorStillArrives) {
  v1::SubmitGenerationRequest request = RequestOf(std::string(17'000, 'x'));
  for (int i = 0; i < 100; ++i) {
    (*request.mutable_labels())[std::string(60, 'k') + std::to_string(i)] = std::string(64, 'v');
  }
  const auto call = Submit(request);
  EXPECT_EQ(ReasonOf(call->status), "FIELD_INVALID");
}

TEST_F(GenerationServiceTest, AStoreThatIsDownIsTriedAgainLater) {
  h_.state->FailNextWrites(1, errors::StoreUnavailable("down"));
  const auto call = Submit(RequestOf("a cat"));
  EXPECT_EQ(call->status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(call->status), "STORE_UNAVAILABLE");
  EXPECT_EQ(PushbackOf(*call), "1000");
}

TEST_F(GenerationServiceTest, AnUnknownOutcomeIsAnErrorThatNoLibraryRetries) {
  auto call = Start(RequestOf("a cat"));
  ASSERT_TRUE(h_.upstream.AwaitPosts(1, kPatience));
  h_.upstream.Answer(0, AmbiguousResult());
  call = Finish(std::move(call));
  EXPECT_EQ(call->status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(ReasonOf(call->status), "UPSTREAM_OUTCOME_UNKNOWN");
  EXPECT_EQ(PushbackOf(*call), "-1");
}

TEST_F(GenerationServiceTest, ABadCredentialReachesNothing) {
  auto call = std::make_unique<Submitting>();
  call->context.AddMetadata("authorization", "Bearer bad");
  call->status = stub_->SubmitGeneration(&call->context, RequestOf("a cat"), &call->response);
  EXPECT_EQ(call->status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(h_.upstream.posts(), 0U);
}

TEST_F(GenerationServiceTest, ValidateOnlyAnswersAPreview) {
  v1::SubmitGenerationRequest request = RequestOf(" a cat ");
  request.set_validate_only(true);
  const auto call = Submit(request);
  ASSERT_TRUE(call->status.ok());
  EXPECT_FALSE(call->response.has_submission());
  EXPECT_EQ(call->response.preview().canonical_spec().prompt(), "a cat");
  EXPECT_EQ(call->response.preview().would(), v1::SubmitGenerationResponse::DEDUPE_CREATED);
  EXPECT_EQ(call->response.preview().request_hash().size(), 64U);
  EXPECT_EQ(h_.upstream.posts(), 0U);
}

TEST_F(GenerationServiceTest, GetShowsAttemptsUnlessBasicIsAsked) {
  const v1::Submission submitted = Submitted("a cat", "task-1");
  v1::GetSubmissionRequest request;
  request.set_task_id("task-1");
  v1::Submission full, basic;
  grpc::ClientContext first, second, third;
  ASSERT_TRUE(stub_->GetSubmission(&first, request, &full).ok());
  EXPECT_EQ(full.id(), submitted.id());
  EXPECT_EQ(full.attempts_size(), 1);
  request.set_view(v1::SUBMISSION_VIEW_BASIC);
  ASSERT_TRUE(stub_->GetSubmission(&second, request, &basic).ok());
  EXPECT_EQ(basic.attempts_size(), 0);
  request.set_id("sub_nobody");
  EXPECT_EQ(stub_->GetSubmission(&third, request, &basic).error_code(),
            grpc::StatusCode::NOT_FOUND);
}

TEST_F(GenerationServiceTest, BatchGetKeepsTheOrderAndListPages) {
  const v1::Submission a = Submitted("a cat", "task-1");
  const v1::Submission b = Submitted("a dog", "task-2");
  v1::BatchGetSubmissionsRequest batch;
  batch.add_ids(b.id());
  batch.add_ids(a.id());
  v1::BatchGetSubmissionsResponse both;
  grpc::ClientContext batch_context, list_context;
  ASSERT_TRUE(stub_->BatchGetSubmissions(&batch_context, batch, &both).ok());
  EXPECT_EQ(both.submissions(0).id(), b.id());
  EXPECT_EQ(both.submissions(0).attempts_size(), 1);
  v1::ListSubmissionsRequest list;
  list.set_page_size(1);
  v1::ListSubmissionsResponse page;
  ASSERT_TRUE(stub_->ListSubmissions(&list_context, list, &page).ok());
  ASSERT_EQ(page.submissions_size(), 1);
  EXPECT_EQ(page.submissions(0).id(), b.id());
  EXPECT_EQ(page.submissions(0).attempts_size(), 0);
  EXPECT_FALSE(page.next_page_token().empty());
}

TEST_F(GenerationServiceTest, ModelsAreListed) {
  grpc::ClientContext models_context;
  v1::ListModelsResponse models;
  ASSERT_TRUE(stub_->ListModels(&models_context, {}, &models).ok());
  EXPECT_EQ(models.models_size(), 3);
}

TEST_F(GenerationServiceTest, ACancelNeedsAKeyAndTellsWhatItDid) {
  grpc::ClientContext no_key, by_id, watch_context;
  v1::CancelSubmissionRequest request;
  v1::CancelSubmissionResponse cancelled;
  EXPECT_EQ(stub_->CancelSubmission(&no_key, request, &cancelled).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  auto call = Start(RequestOf("a cat", "r1"));
  ASSERT_TRUE(h_.upstream.AwaitPosts(1, kPatience));
  h_.upstream.Answer(0, AcceptedAs("task-1"));
  call = Finish(std::move(call));
  request.set_request_id("r1");
  ASSERT_TRUE(stub_->CancelSubmission(&by_id, request, &cancelled).ok());
  EXPECT_EQ(cancelled.outcome(), v1::CancelSubmissionResponse::OUTCOME_TOO_LATE);
  // It has ended: a watch is a snapshot and the end.
  v1::WatchSubmissionRequest watch;
  watch.set_request_id("r1");
  const auto reader = stub_->WatchSubmission(&watch_context, watch);
  v1::WatchSubmissionResponse message;
  ASSERT_TRUE(reader->Read(&message));
  EXPECT_EQ(message.snapshot().task_id(), "task-1");
  EXPECT_FALSE(reader->Read(&message));
  EXPECT_TRUE(reader->Finish().ok());
}

TEST_F(GenerationServiceTest, ACallThatIsCancelledFreesItsWaiterAndTheWorkGoesOn) {
  auto call = Start(RequestOf("a cat", "r1"));
  ASSERT_TRUE(h_.upstream.AwaitPosts(1, kPatience));
  ASSERT_TRUE(AwaitWaiters(1));
  call->context.TryCancel();
  call = Finish(std::move(call));
  EXPECT_EQ(call->status.error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(AwaitWaiters(0));
  h_.upstream.Answer(0, AcceptedAs("task-1"));
  EXPECT_EQ(Submit(RequestOf("a cat", "r1"))->response.submission().task_id(), "task-1");
}

TEST_F(GenerationServiceTest, ALongPollThatIsCancelledFreesItsWaiter) {
  const v1::Submission submitted = Submitted("a cat", "task-1");
  v1::GetSubmissionRequest request;
  request.set_id(submitted.id());
  request.set_wait_for_revision_after(submitted.revision());
  request.mutable_wait()->set_seconds(60);
  grpc::ClientContext context;
  std::thread poll([&] {
    v1::Submission response;
    EXPECT_EQ(stub_->GetSubmission(&context, request, &response).error_code(),
              grpc::StatusCode::CANCELLED);
  });
  EXPECT_TRUE(AwaitWaiters(1));
  context.TryCancel();
  poll.join();
  EXPECT_TRUE(AwaitWaiters(0));
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

TEST_F(GenerationServiceTest, AThousandWaitingCallsNeedNoThreads) {
  constexpr size_t kCalls = 1000;
  // What gRPC starts for a few calls, it has started by then.
  std::vector<std::unique_ptr<Submitting>> calls;
  for (size_t i = 0; i < 16; ++i) {
    calls.push_back(Start(RequestOf("a cat")));
  }
  ASSERT_TRUE(AwaitWaiters(16));
  const int before = ThreadCount();
  while (calls.size() < kCalls) {
    calls.push_back(Start(RequestOf("a cat")));
  }
  ASSERT_TRUE(AwaitWaiters(kCalls));
  EXPECT_LE(ThreadCount(), before + 16);
  EXPECT_EQ(h_.upstream.posts(), 1U);
  h_.upstream.Answer(0, AcceptedAs("task-1"));
  for (std::unique_ptr<Submitting>& call : calls) {
    call = Finish(std::move(call));
    ASSERT_TRUE(call->status.ok());
    ASSERT_EQ(call->response.submission().task_id(), "task-1");
  }
  EXPECT_TRUE(AwaitWaiters(0));
}

TEST_F(GenerationServiceTest, DrainingAnswersThoseWhoWaitAndRefusesNewWork) {
  auto waiting = Start(RequestOf("a cat"));
  ASSERT_TRUE(AwaitWaiters(1));
  h_.service.Drain();
  waiting = Finish(std::move(waiting));
  ASSERT_TRUE(waiting->status.ok());
  EXPECT_EQ(waiting->response.submission().state(), v1::Submission::STATE_DISPATCHING);
  const auto fresh = Submit(RequestOf("a dog"));
  EXPECT_EQ(fresh->status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(fresh->status), "SHUTTING_DOWN");
}

}  // namespace
}  // namespace genledger
