#include "tests/service/dispatch/dispatch_harness.h"

#include <filesystem>
#include <utility>

#include "service/base/check.h"
#include "tests/storage/store_calls.h"
#include "tests/storage/store_requests.h"

namespace genledger {

DispatchHarness::DispatchHarness(int32_t concurrency_max, AmbiguityRules ambiguity,
                                 UpstreamBreakerOptions upstream_breaker,
                                 absl::Duration reconcile_interval)
    : journal(*ReceiptJournal::Open(directory.File("ledger.receipts"))),
      dispatcher(
          {.replica = "ledger-0",
           .upstream_account = kTestAccount,
           .gate = {.limiter = {.limit_initial = concurrency_max, .limit_max = concurrency_max},
                    .breakers = {.upstream_scope = "api.upstream.example",
                                 .upstream = upstream_breaker}},
           .reconcile_interval = reconcile_interval,
           .ambiguity = ambiguity},
          {.store = &store,
           .journal = journal.get(),
           .upstream = &upstream,
           .hub = &hub,
           .timers = &timers,
           .clock = &clock,
           .random = random.get(),
           .logger = &logger}) {}

DispatchHarness::~DispatchHarness() {
  dispatcher.StopClaiming();
  hub.Drain();
  upstream.Shutdown(absl::ZeroDuration());
  timers.Stop();
}

SubmissionWithAttempts DispatchHarness::Read(const SubmissionId& id) {
  absl::StatusOr<SubmissionWithAttempts> found =
      CallGet(*memory, {.key = id, .with_attempts = true});
  GL_CHECK(found.ok(), "no such submission");
  return *std::move(found);
}

std::vector<SubmissionEvent> DispatchHarness::Events(const SubmissionId& id) {
  absl::StatusOr<std::vector<SubmissionEvent>> events = CallListEvents(*memory, {.id = id});
  GL_CHECK(events.ok(), "no such submission");
  return *std::move(events);
}

std::unique_ptr<ReceiptJournal> DispatchHarness::CopyJournal() const {
  const std::string copy = directory.File("copy.receipts");
  std::filesystem::copy_file(directory.File("ledger.receipts"), copy);
  return *ReceiptJournal::Open(copy);
}

AttemptResult AcceptedAs(std::string task_id) {
  return {.outcome = AttemptClass::kAccepted,
          .http_status = 200,
          .task_ids = {TaskId(std::move(task_id))}};
}

AttemptResult NotSentResult() {
  return {.outcome = AttemptClass::kNotSent,
          .reason = ErrorReason::kUpstreamUnavailable,
          .upstream_code = "connect_failed",
          .counts_against_posts = false};
}

AttemptResult RefusedForGood(ErrorReason reason) {
  return {.outcome = AttemptClass::kRefused, .reason = reason, .http_status = 400};
}

AttemptResult RefusedTransient() {
  return {.outcome = AttemptClass::kRefusedTransient,
          .reason = ErrorReason::kUpstreamUnavailable,
          .http_status = 400,
          .upstream_code = "get_channel_failed",
          .spends_retry_budget = true};
}

AttemptResult RateLimited() {
  return {.outcome = AttemptClass::kRefusedTransient,
          .reason = ErrorReason::kUpstreamRateLimited,
          .http_status = 429,
          .counts_against_posts = false};
}

AttemptResult TrustedEnvelope() {
  AttemptResult result = RefusedTransient();
  result.http_status = 500;
  result.upstream_code = "server_error";
  result.trusted_envelope = true;
  return result;
}

AttemptResult AmbiguousResult() {
  return {.outcome = AttemptClass::kAmbiguous, .reason = ErrorReason::kUpstreamOutcomeUnknown};
}

AttemptResult InProgress() {
  return {.outcome = AttemptClass::kInProgress,
          .reason = ErrorReason::kUpstreamOutcomeUnknown,
          .http_status = 409,
          .upstream_code = "idempotency_in_progress"};
}

}  // namespace genledger
