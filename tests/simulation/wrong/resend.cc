// Wrong on purpose: a re-send whose commit is in doubt is posted all the same.
#include "service/dispatch/resend.h"

#include <utility>

#include "service/upstream/local_refusal.h"

namespace genledger {

void CommitResend(WorkflowStore& store, const SubmissionId& id, const Attempt& attempt,
                  const std::string& actor, absl::AnyInvocable<void(Submission)> send,
                  absl::AnyInvocable<void(AttemptResult)> give_up) {
  ResendAttempt resend{.attempt = attempt.number, .epoch = attempt.epoch, .actor = actor};
  store.Apply({.key = id, .transition = std::move(resend)},
              [&store, id, send = std::move(send),
               give_up = std::move(give_up)](absl::StatusOr<Submission> stored) mutable {
                if (stored.ok()) {
                  send(*std::move(stored));
                  return;
                }
                if (absl::IsUnavailable(stored.status())) {
                  store.Get({.key = id}, [send = std::move(send)](
                                             absl::StatusOr<SubmissionWithAttempts> found) mutable {
                    if (found.ok()) {
                      send(std::move(found->submission));
                    }
                  });
                  return;
                }
                // What was sent before may still be accepted.
                give_up({.outcome = AttemptClass::kAmbiguous,
                         .reason = ErrorReason::kUpstreamOutcomeUnknown,
                         .upstream_code = std::string(kCodeResendNotRecorded)});
              });
}

}  // namespace genledger
