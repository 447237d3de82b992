#include "service/domain/transitions.h"

#include <utility>

#include "service/base/errors.h"
#include "service/domain/settlement.h"
#include "service/domain/transition_table.h"

namespace genledger {
namespace {

absl::StatusOr<Change> Apply(const Submission& before, const std::vector<Attempt>& /*attempts*/,
                             bool /*hash_is_free*/, const ExpireSubmitWithin& expire,
                             absl::Time now) {
  if (before.state != SubmissionState::kPending || before.submit_deadline_time > now) {
    return errors::FencedOff(before.id, "submit_within has not run out");
  }
  ChangeBuilder builder(before, now);
  Submission& submission = builder.submission();
  if (!submission.failure.has_value()) {
    submission.failure = Failure{.reason = ErrorReason::kSubmitWithinExpired, .retryable = true};
  }
  builder.MoveTo(TransitionEvent::kSubmitWithinExpired, SubmissionState::kFailed);
  EndInFailure(submission, now);
  return std::move(builder).Finish(
      {.type = "expired", .actor = expire.actor, .reason = submission.failure->reason});
}

absl::StatusOr<Change> Apply(const Submission& before, const std::vector<Attempt>& /*attempts*/,
                             bool /*hash_is_free*/, const ReleaseDedupe& release, absl::Time now) {
  return ReleaseHash(before, release, now);
}

absl::StatusOr<Change> Apply(const Submission& before, const std::vector<Attempt>& attempts,
                             bool hash_is_free, const Resolution& resolution, absl::Time now) {
  return ResolveUnknown(before, attempts, hash_is_free, resolution, now);
}

absl::StatusOr<Change> Apply(const Submission& before, const std::vector<Attempt>& /*attempts*/,
                             bool hash_is_free, const RetryRun& retry, absl::Time now) {
  return ReopenSubmission(before, hash_is_free, retry.submit_within, retry.actor, retry.note, now);
}

}  // namespace

Change CreateSubmission(const NewSubmission& request, absl::Time now) {
  const Submission nothing;
  ChangeBuilder builder(nothing, now);
  Submission& submission = builder.submission();
  submission.id = request.id;
  submission.scope = request.scope;
  submission.spec = request.spec;
  submission.variation = request.variation;
  submission.request_hash = request.request_hash;
  submission.hash_version = request.hash_version;
  submission.request_id = request.request_id;
  submission.dedupe_mode = request.dedupe_mode;
  submission.dedupe_window = request.dedupe_window;
  submission.labels = request.labels;
  submission.possible_duplicate_of = request.possible_duplicate_of;
  submission.create_time = now;
  submission.state = SubmissionState::kPending;
  submission.request_id_count = request.request_id.empty() ? 0 : 1;
  submission.anonymous_caller = request.request_id.empty();
  submission.ambiguity_policy = request.ambiguity_policy;
  submission.submit_deadline_time = now + request.submit_within;
  submission.next_attempt_time = now;
  submission.holds_hash = request.dedupe_mode == DedupeMode::kContent;
  return std::move(builder).Finish({.type = "created", .actor = request.actor});
}

absl::StatusOr<Change> ApplyTransition(const Submission& before,
                                       const std::vector<Attempt>& attempts, bool hash_is_free,
                                       const Transition& transition, absl::Time now) {
  return std::visit(
      [&](const auto& step) { return Apply(before, attempts, hash_is_free, step, now); },
      transition);
}

}  // namespace genledger
