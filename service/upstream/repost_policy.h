// Whether an ambiguous attempt may be posted again under the upstream's own idempotency.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "service/domain/attempt_result.h"

namespace genledger {

// --upstream_idempotency.
enum class UpstreamIdempotency {
  kOff,      // no Idempotency-Key is sent
  kSend,     // sent, but not relied on
  kTrusted,  // relied on: an ambiguous attempt is posted again with the same key and bytes
};

struct RepostPolicyOptions {
  UpstreamIdempotency idempotency = UpstreamIdempotency::kSend;
  // The upstream keeps keys for 24 h; an hour is left for clocks that differ.
  absl::Duration age_max = absl::Hours(23);
  int reposts_max = 3;
};

// The ambiguous attempt, as its record has it, beside what a re-post would use now.
struct RepostCandidate {
  std::string attempt_base_url;
  std::string attempt_credential_fingerprint;
  std::string current_base_url;
  std::string current_credential_fingerprint;
  // Since the first attempt that used this idempotency key began.
  absl::Duration age;
  // Trusted re-posts of this run so far.
  int reposts = 0;
};

// Immutable, hence thread safe.
class RepostPolicy {
 public:
  explicit RepostPolicy(RepostPolicyOptions options) : options_(options) {}

  // Only after kAmbiguous. BackoffPolicy says when.
  bool MayRepost(const RepostCandidate& candidate, const AttemptResult& last) const;

 private:
  const RepostPolicyOptions options_;
};

}  // namespace genledger
