// Whether a run goes on after a POST that did not succeed.
#pragma once

#include "service/domain/attempt_result.h"

namespace genledger {

// What a run has used up so far; the store derives it from the run's attempts.
struct RunTally {
  int posts_counted = 0;              // results with counts_against_posts
  int trusted_envelope_refusals = 0;  // results with trusted_envelope

  friend bool operator==(const RunTally&, const RunTally&) = default;
};

// `tally` after one more POST of the run ended in `result`. kInProgress counts nothing: the attempt
// goes on.
RunTally CountPost(RunTally tally, const AttemptResult& result);

struct RetryPolicyOptions {
  int posts_max = 4;
  int trusted_envelope_retries_max = 2;
};

// Immutable, hence thread safe. It does not look at time: submit_within bounds what this does not.
class RetryPolicy {
 public:
  explicit RetryPolicy(RetryPolicyOptions options) : options_(options) {}

  // Whether the same bytes are posted again in this run; `tally` already counts `last`. Only after
  // kNotSent and kRefusedTransient; a refused key (kRefusedAccount) is another matter, and so is an
  // ambiguous attempt (see domain/ambiguity.h).
  bool MayRetry(const RunTally& tally, const AttemptResult& last) const;

 private:
  const RetryPolicyOptions options_;
};

}  // namespace genledger
