#include "tests/service/domain/sample_submissions.h"

#include <utility>

#include "service/base/check.h"
#include "service/domain/canonicalize.h"
#include "service/domain/spec_encoding.h"

namespace genledger {

NewSubmission SampleRequest(std::string_view request_id, std::string_view prompt) {
  NewSubmission request{.id = SubmissionId("sub_01KDW4M0000000000000000001"),
                        .scope = {.tenant = "studio", .upstream_account = "api.example"}};
  request.spec = Canonicalize({.prompt = std::string(prompt)});
  request.request_hash = HashRequest(EncodeRequest(request.spec, request.variation));
  request.hash_version = kCurrentHashVersion;
  request.request_id = std::string(request_id);
  request.actor = "worker-7";
  return request;
}

Claim SampleClaim() {
  return {.replica = "ledger-0",
          .base_url = "https://api.example",
          .credential_fingerprint = "0123456789ab"};
}

Submission SamplePending(std::string_view request_id) {
  return CreateSubmission(SampleRequest(request_id), kSampleTime).submission;
}

Change Claimed(const Submission& before, absl::Time now) {
  absl::StatusOr<Change> change = ClaimSubmission(before, SampleClaim(), now);
  GL_CHECK(change.ok(), "a sample could not be claimed");
  return *std::move(change);
}

AttemptResult SampleResult(AttemptClass outcome, ErrorReason reason) {
  return {.outcome = outcome,
          .reason = reason,
          .http_status = outcome == AttemptClass::kNotSent ? 0 : 503,
          .upstream_code = "some_code",
          .upstream_message = "some words",
          .counts_against_posts = outcome != AttemptClass::kNotSent};
}

AttemptResult SampleAccepted(std::string task_id) {
  return {.outcome = AttemptClass::kAccepted,
          .http_status = 200,
          .task_ids = {TaskId(std::move(task_id))}};
}

AttemptResult SampleTrustedEnvelope() {
  AttemptResult result = SampleResult(AttemptClass::kRefusedTransient);
  result.http_status = 500;
  result.trusted_envelope = true;
  return result;
}

FinishAttempt FinishOf(const Change& claimed, AttemptResult result) {
  FinishAttempt finish{.attempt = claimed.attempts.back().number,
                       .epoch = claimed.submission.epoch};
  finish.result = std::move(result);
  finish.actor = "ledger-0";
  return finish;
}

Submission Ended(const Submission& before, AttemptResult result, absl::Time now) {
  const Change claimed = Claimed(before, now);
  absl::StatusOr<Change> ended =
      ApplyTransition(claimed.submission, claimed.attempts, /*hash_is_free=*/false,
                      FinishOf(claimed, std::move(result)), now);
  GL_CHECK(ended.ok(), "a sample could not be finished");
  return std::move(ended->submission);
}

}  // namespace genledger
