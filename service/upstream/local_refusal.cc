#include "service/upstream/local_refusal.h"

#include "service/upstream/http_exchange.h"

namespace genledger {

bool IsLocalRefusal(const AttemptResult& result) {
  // An upstream may use the same words in its error.code, but only under a status line.
  if (result.http_status != 0 || result.outcome == AttemptClass::kAccepted) {
    return false;
  }
  if (result.upstream_code == kCodeKeyReplaced ||
      result.upstream_code == kCodeEarlierOutcomeNotStored ||
      result.upstream_code == kCodeResendNotRecorded) {
    return true;
  }
  for (const TransportFailure ours : {TransportFailure::kShuttingDown, TransportFailure::kQueueFull,
                                      TransportFailure::kStartTooLate, TransportFailure::kBadHeader,
                                      TransportFailure::kInternal}) {
    if (result.upstream_code == TransportFailureName(ours)) {
      return true;
    }
  }
  return false;
}

}  // namespace genledger
