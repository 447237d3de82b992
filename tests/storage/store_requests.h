// Requests, claims and results as tests of stores need them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "service/base/ids.h"
#include "service/base/random_source.h"
#include "service/domain/submission.h"
#include "service/domain/transitions.h"
#include "storage/workflow_store.h"

namespace genledger {

inline constexpr char kTestTenant[] = "studio";
inline constexpr char kTestAccount[] = "api.upstream.example";

// Canonicalised and hashed like a real one; no request_id.
NewSubmission MakeRequest(SubmissionId id, std::string_view prompt);
// Sets spec, variation and hash.
void SetContent(NewSubmission& request, std::string_view prompt, std::string_view variation = "");
// The request that would be answered with `stored`, under its request_id.
NewSubmission RepeatOf(const Submission& stored);

Claim MakeClaim(std::string replica = "ledger-0");
FinishAttempt MakeFinish(const Attempt& attempt, AttemptClass outcome);
FinishAttempt MakeAccepted(const Attempt& attempt, std::string task_id);

std::string RandomUuid(RandomSource& random);
// The oldest `limit` submissions.
std::vector<SubmissionWithAttempts> SampleSubmissions(WorkflowStore& store, int32_t limit);

}  // namespace genledger
