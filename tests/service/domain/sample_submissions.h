// Requests, attempts and results as the tests of transitions and dedupe need them.
#pragma once

#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "service/domain/attempt_result.h"
#include "service/domain/submission.h"
#include "service/domain/transitions.h"

namespace genledger {

// 2026-01-01T00:00:00Z.
inline constexpr absl::Time kSampleTime = absl::FromUnixSeconds(1'767'225'600);

// Canonicalised and hashed like a real one.
NewSubmission SampleRequest(std::string_view request_id = "", std::string_view prompt = "a cat");
Claim SampleClaim();

// PENDING, by the transitions themselves, created at kSampleTime.
Submission SamplePending(std::string_view request_id = "");
// What a claim of `before` comes to; `before` must be PENDING.
Change Claimed(const Submission& before, absl::Time now = kSampleTime);

AttemptResult SampleResult(AttemptClass outcome,
                           ErrorReason reason = ErrorReason::kUpstreamUnavailable);
AttemptResult SampleAccepted(std::string task_id);
// A 500 that only --trust_5xx_envelope made a refusal.
AttemptResult SampleTrustedEnvelope();
FinishAttempt FinishOf(const Change& claimed, AttemptResult result);

// Claims and finishes `before`; FAILED if it was refused for good.
Submission Ended(const Submission& before, AttemptResult result, absl::Time now = kSampleTime);

}  // namespace genledger
