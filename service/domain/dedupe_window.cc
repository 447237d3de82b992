#include "service/domain/dedupe_window.h"

#include <algorithm>

namespace genledger {

bool HoldsFor(const NewSubmission& request, const Submission& holder, absl::Time now) {
  return holder.state != SubmissionState::kSubmitted ||
         now < holder.submit_time + std::min(holder.dedupe_window, request.dedupe_window);
}

}  // namespace genledger
