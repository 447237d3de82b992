// Results that we made ourselves: they say nothing about the upstream, its host or our account.
#pragma once

#include <string_view>

#include "service/domain/attempt_result.h"

namespace genledger {

// What the dispatcher writes into AttemptResult::upstream_code (with http_status 0) when it ends an
// attempt without the upstream. The transport's own words are in TransportFailureName. Both are
// stored with attempts, so never renamed.
//
// kNotSent: the key whose fingerprint the attempt recorded is no longer in force.
inline constexpr std::string_view kCodeKeyReplaced = "key_replaced";
// kNotSent: the outcome of an earlier attempt of the submission waits for the store.
inline constexpr std::string_view kCodeEarlierOutcomeNotStored = "earlier_outcome_not_stored";
// kAmbiguous: the commit before a re-send failed or is in doubt.
inline constexpr std::string_view kCodeResendNotRecorded = "resend_not_recorded";

// Whether `result` is a refusal of ours: one of the codes above, or the transport's shutting_down,
// queue_full, start_too_late, bad_header and internal, and no status line of the upstream. Breakers
// and the concurrency limit do not count these, whatever their class.
bool IsLocalRefusal(const AttemptResult& result);

}  // namespace genledger
