// Wrong on purpose: what is SUBMITTED answers for half a minute, whatever its window.
#include "service/domain/dedupe_window.h"

#include <algorithm>

namespace genledger {

bool HoldsFor(const NewSubmission& request, const Submission& holder, absl::Time now) {
  return holder.state != SubmissionState::kSubmitted ||
         now < holder.submit_time +
                   std::min(absl::Duration(absl::Seconds(30)), request.dedupe_window);
}

}  // namespace genledger
