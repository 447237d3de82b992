// One submission with its attempts, moved by the transitions themselves: what a store would hold.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "service/domain/ambiguity.h"
#include "service/domain/operator_transitions.h"
#include "service/domain/submission.h"
#include "service/domain/transitions.h"
#include "tests/service/domain/sample_submissions.h"

namespace genledger {

// Every change is checked as it is taken: revisions without a gap, and charges, unsettled attempts
// and attempts that agree. Members are open: tests look at them and move the time.
class SampleRecord {
 public:
  explicit SampleRecord(NewSubmission request = SampleRequest("r1"));
  // Created with this policy.
  explicit SampleRecord(AmbiguityPolicy policy);

  // Merges the change into the record.
  void Take(const Change& change);
  // As a store does it; the status of the transition.
  absl::Status Apply(const Transition& transition);

  // Each as it is in real life; the test fails if it is refused.
  SampleRecord& Claim();
  // The end of an attempt, or the proof about an earlier one; 0: the latest.
  SampleRecord& End(AttemptResult result, int32_t attempt = 0);
  SampleRecord& EndWithRetry(AttemptResult result, int32_t attempt = 0);
  SampleRecord& Ambiguous() { return End(SampleResult(AttemptClass::kAmbiguous)); }
  // What ClaimDue does with a due OUTCOME_UNKNOWN.
  absl::Status Act(const genledger::Claim& claim = SampleClaim());
  // The re-post that RESUBMIT_ONCE allows, when it is due.
  SampleRecord& ResubmitOnce();
  CancelOutcome Cancel();
  SampleRecord& Resolve(decltype(Resolution::kind) kind);

  FinishAttempt FinishOf(AttemptResult result, int32_t attempt = 0) const;
  const Attempt& attempt(int32_t number) const { return attempts.at(number - 1); }

  // Of charges_min and charges_max: "0..1".
  std::string Charges() const;

  absl::Time now = kSampleTime;
  Submission s;
  std::vector<Attempt> attempts;
  std::vector<SubmissionEvent> events;
  AmbiguityRules rules;
  bool hash_is_free = true;
};

}  // namespace genledger
