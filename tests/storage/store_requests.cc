#include "tests/storage/store_requests.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "service/base/check.h"
#include "service/domain/canonicalize.h"
#include "service/domain/request_hash.h"
#include "service/domain/spec_encoding.h"
#include "tests/storage/store_calls.h"

namespace genledger {

void SetContent(NewSubmission& request, std::string_view prompt, std::string_view variation) {
  GenerationSpec spec;
  spec.prompt = std::string(prompt);
  spec.aspect_ratio = "16:9";
  spec.image_urls = {"https://cdn.example.com/uploads/first-frame-0001.png"};
  request.spec = Canonicalize(spec);
  request.variation = std::string(variation);
  request.request_hash = HashRequest(EncodeRequest(request.spec, request.variation));
  request.hash_version = kCurrentHashVersion;
}

NewSubmission MakeRequest(SubmissionId id, std::string_view prompt) {
  NewSubmission request;
  request.id = std::move(id);
  request.scope = {.tenant = kTestTenant, .upstream_account = kTestAccount};
  request.labels = {{"team", "trailers"}};
  request.actor = "render-worker";
  SetContent(request, prompt);
  return request;
}

NewSubmission RepeatOf(const Submission& stored) {
  NewSubmission request;
  request.id = stored.id;  // never used: something answers
  request.scope = stored.scope;
  request.spec = stored.spec;
  request.variation = stored.variation;
  request.request_hash = stored.request_hash;
  request.hash_version = stored.hash_version;
  request.request_id = stored.request_id;
  request.dedupe_mode = stored.dedupe_mode;
  request.actor = "render-worker";
  return request;
}

Claim MakeClaim(std::string replica) {
  return {.replica = std::move(replica),
          .base_url = "https://api.upstream.example",
          .credential_fingerprint = "sha256:1f0c9b"};
}

FinishAttempt MakeFinish(const Attempt& attempt, AttemptClass outcome) {
  FinishAttempt finish{.attempt = attempt.number, .epoch = attempt.epoch, .actor = attempt.replica};
  finish.result.outcome = outcome;
  if (outcome != AttemptClass::kAccepted) {
    finish.result.reason = ErrorReason::kUpstreamUnavailable;
    finish.result.upstream_message = "no";
  }
  return finish;
}

FinishAttempt MakeAccepted(const Attempt& attempt, std::string task_id) {
  FinishAttempt finish = MakeFinish(attempt, AttemptClass::kAccepted);
  finish.result.http_status = 200;
  finish.result.upstream_request_id = "20261122135801123456789abcdef";
  finish.result.task_ids = {TaskId(std::move(task_id))};
  return finish;
}

std::string RandomUuid(RandomSource& random) {
  const uint64_t high = random.Next64();
  const uint64_t low = random.Next64();
  return absl::StrFormat("%08x-%04x-4%03x-a%03x-%012x", high >> 32, (high >> 16) & 0xffff,
                         high & 0xfff, low >> 52, low & 0xffffffffffff);
}

std::vector<SubmissionWithAttempts> SampleSubmissions(WorkflowStore& store, int32_t limit) {
  absl::StatusOr<ListPage> page = CallList(store, {.descending = false, .limit = limit});
  GL_CHECK(page.ok(), "a list of a working store");
  return std::move(page->submissions);
}

}  // namespace genledger
