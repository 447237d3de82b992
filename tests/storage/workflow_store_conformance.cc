#include "tests/storage/workflow_store_conformance.h"

#include <random>
#include <utility>

#include "service/base/error_details.h"
#include "tests/storage/store_calls.h"
#include "tests/storage/store_requests.h"

namespace genledger {
namespace {

uint64_t PrintedSeed() {
  const uint64_t seed = std::random_device()();
  testing::Test::RecordProperty("seed", std::to_string(seed));
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

}  // namespace

ErrorReason ReasonOf(const absl::Status& status) {
  const std::optional<ErrorDetails> details = GetErrorDetails(status);
  return details.has_value() ? details->reason : ErrorReason::kUnspecified;
}

WorkflowStoreConformance::WorkflowStoreConformance()
    : random_(NewSeededRandomSource(PrintedSeed())),
      ids_(random_.get()),
      backend_(GetParam().make(&clock_)) {
  Reopen();
}

WorkflowStoreConformance::~WorkflowStoreConformance() {
  if (store_ != nullptr) {
    store_->Shutdown();
  }
}

void WorkflowStoreConformance::EndLeases() {
  if (backend_->IsShared()) {
    clock_.Advance(MakeClaim().lease);
  }
}

void WorkflowStoreConformance::Reopen() {
  if (store_ != nullptr) {
    store_->Shutdown();
    store_ = nullptr;
  }
  absl::StatusOr<std::unique_ptr<WorkflowStore>> opened = backend_->Open();
  ASSERT_TRUE(opened.ok()) << opened.status();
  store_ = *std::move(opened);
}

NewSubmission WorkflowStoreConformance::Request(std::string_view prompt,
                                                std::string_view request_id) {
  NewSubmission request = MakeRequest(NewId(), prompt);
  request.request_id = std::string(request_id);
  return request;
}

NewSubmission WorkflowStoreConformance::RequestWith(std::string_view prompt,
                                                    AmbiguityPolicy policy) {
  NewSubmission request = Request(prompt);
  request.ambiguity_policy = policy;
  return request;
}

SubmitOutcome WorkflowStoreConformance::Submit(NewSubmission request) {
  absl::StatusOr<SubmitOutcome> outcome = CallSubmit(store(), {.request = std::move(request)});
  EXPECT_TRUE(outcome.ok()) << outcome.status();
  return outcome.ok() ? *std::move(outcome) : SubmitOutcome{};
}

SubmitOutcome WorkflowStoreConformance::SubmitAndClaim(NewSubmission request) {
  absl::StatusOr<SubmitOutcome> outcome =
      CallSubmit(store(), {.request = std::move(request), .claim = MakeClaim()});
  EXPECT_TRUE(outcome.ok()) << outcome.status();
  return outcome.ok() ? *std::move(outcome) : SubmitOutcome{};
}

Submission WorkflowStoreConformance::Apply(const SubmissionId& id, Transition transition) {
  absl::StatusOr<Submission> result = CallApply(store(), id, std::move(transition));
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? *std::move(result) : Submission{};
}

Submission WorkflowStoreConformance::Submitted(NewSubmission request, std::string task_id) {
  const SubmitOutcome outcome = SubmitAndClaim(std::move(request));
  return Apply(outcome.submission.id, MakeAccepted(*outcome.started_attempt, std::move(task_id)));
}

Submission WorkflowStoreConformance::Failed(NewSubmission request) {
  const SubmitOutcome outcome = SubmitAndClaim(std::move(request));
  return Apply(outcome.submission.id, MakeFinish(*outcome.started_attempt, AttemptClass::kRefused));
}

Submission WorkflowStoreConformance::Unknown(NewSubmission request) {
  const SubmitOutcome outcome = SubmitAndClaim(std::move(request));
  return Apply(outcome.submission.id,
               MakeFinish(*outcome.started_attempt, AttemptClass::kAmbiguous));
}

SubmissionWithAttempts WorkflowStoreConformance::Get(const SubmissionId& id) {
  absl::StatusOr<SubmissionWithAttempts> result =
      CallGet(store(), {.key = id, .with_attempts = true});
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? *std::move(result) : SubmissionWithAttempts{};
}

std::vector<SubmissionEvent> WorkflowStoreConformance::Events(const SubmissionId& id) {
  absl::StatusOr<std::vector<SubmissionEvent>> events = CallListEvents(store(), {.id = id});
  EXPECT_TRUE(events.ok()) << events.status();
  return events.ok() ? *std::move(events) : std::vector<SubmissionEvent>{};
}

void WorkflowStoreConformance::ExpectGapFreeEvents(const SubmissionId& id) {
  int64_t expected = 0;
  for (const SubmissionEvent& event : Events(id)) {
    EXPECT_EQ(event.revision, ++expected) << event.type;
  }
  EXPECT_EQ(Get(id).submission.revision, expected);
}

std::vector<SubmissionWithAttempts> WorkflowStoreConformance::Everything() {
  absl::StatusOr<ListPage> page =
      CallList(store(), {.descending = false, .limit = 100000, .with_attempts = true});
  EXPECT_TRUE(page.ok()) << page.status();
  return page.ok() ? std::move(page->submissions) : std::vector<SubmissionWithAttempts>{};
}

}  // namespace genledger
