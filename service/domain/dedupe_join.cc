#include "service/domain/dedupe_join.h"

#include <optional>
#include <utility>

namespace genledger {
namespace {

// A joiner that would move the deadline by less than this writes nothing for it.
constexpr absl::Duration kDeadlineExtensionMin = absl::Seconds(1);

// What a joiner changes in the submission that it joins; nullopt if nothing.
std::optional<Change> JoinChange(const NewSubmission& request, const Submission& holder,
                                 absl::Time now) {
  Submission after = holder;
  if (!request.request_id.empty()) {
    ++after.request_id_count;
  }
  if (IsOpen(holder.state)) {
    after.anonymous_caller = holder.anonymous_caller || request.request_id.empty();
    after.ambiguity_policy = Stricter(holder.ambiguity_policy, request.ambiguity_policy);
    after.cancel_request_time = absl::InfinitePast();
    if (now + request.submit_within > holder.submit_deadline_time + kDeadlineExtensionMin) {
      after.submit_deadline_time = now + request.submit_within;
    }
    LetPolicyDecideAgain(holder, after, now);
  }
  if (after == holder) {
    return std::nullopt;
  }
  return Stamp(std::move(after), "joined", request, now);
}

}  // namespace

bool IsOpen(SubmissionState state) {
  return state == SubmissionState::kPending || state == SubmissionState::kDispatching ||
         state == SubmissionState::kOutcomeUnknown;
}

Change Stamp(Submission after, std::string type, const NewSubmission& request, absl::Time now) {
  after.update_time = now;
  ++after.revision;
  Change change;
  change.events.push_back({.revision = after.revision,
                           .time = now,
                           .type = std::move(type),
                           .state = after.state,
                           .actor = request.actor,
                           .note = request.request_id,
                           .task_id = after.task_id});
  change.submission = std::move(after);
  return change;
}

void LetPolicyDecideAgain(const Submission& before, Submission& after, absl::Time now) {
  if (after.state == SubmissionState::kOutcomeUnknown &&
      (after.ambiguity_policy != before.ambiguity_policy ||
       after.cancel_request_time != before.cancel_request_time)) {
    after.next_attempt_time = now;
  }
}

DedupeDecision Join(const NewSubmission& request, const Submission& holder, absl::Time now) {
  DedupeDecision decision{.action = DedupeAction::kJoin, .submission = holder};
  decision.change = JoinChange(request, holder, now);
  decision.add_alias = !request.request_id.empty();
  return decision;
}

Change Release(const NewSubmission& request, const Submission& holder, absl::Time now) {
  Submission after = holder;
  after.holds_hash = false;
  return Stamp(std::move(after), "released", request, now);
}

}  // namespace genledger
