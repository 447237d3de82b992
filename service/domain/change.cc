#include "service/domain/change.h"

#include <utility>

#include "service/base/check.h"

namespace genledger {

Change Merge(Change first, Change next) {
  for (SubmissionEvent& event : next.events) {
    first.events.push_back(std::move(event));
  }
  first.submission = std::move(next.submission);
  for (Attempt& attempt : next.attempts) {
    first.attempts.push_back(std::move(attempt));
  }
  return first;
}

void ChangeBuilder::MoveTo(TransitionEvent event, SubmissionState to) {
  GL_CHECK(TransitionAllowed(change_.submission.state, event, to),
           "a transition computed a target that its table does not allow");
  change_.submission.state = to;
}

Change ChangeBuilder::Finish(SubmissionEvent event) && {
  Submission& submission = change_.submission;
  submission.update_time = now_;
  event.revision = ++submission.revision;
  event.time = now_;
  event.state = submission.state;
  change_.events.push_back(std::move(event));
  return std::move(change_);
}

}  // namespace genledger
