#include "service/domain/dedupe.h"

#include <algorithm>
#include <utility>

#include "service/base/errors.h"

namespace genledger {
namespace {

// A joiner that would move the deadline by less than this writes nothing for it.
constexpr absl::Duration kDeadlineExtensionMin = absl::Seconds(1);

bool IsOpen(SubmissionState state) {
  return state == SubmissionState::kPending || state == SubmissionState::kDispatching ||
         state == SubmissionState::kOutcomeUnknown;
}

// Equal hash under the stored hash_version. There is one version so far, so equal hashes are equal
// bytes.
bool SameContent(const NewSubmission& request, const Submission& stored) {
  return request.hash_version == stored.hash_version
             ? request.request_hash == stored.request_hash
             : request.spec == stored.spec && request.variation == stored.variation;
}

// Whether a submission that holds the hash still answers this caller: a shorter window counts for
// the joiner.
bool HoldsFor(const NewSubmission& request, const Submission& holder, absl::Time now) {
  return holder.state != SubmissionState::kSubmitted ||
         now < holder.submit_time + std::min(holder.dedupe_window, request.dedupe_window);
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

// A submission whose outcome is unknown is looked at again once its policy is another, or a cancel
// no longer stops it.
void LetPolicyDecideAgain(const Submission& before, Submission& after, absl::Time now) {
  if (after.state == SubmissionState::kOutcomeUnknown &&
      (after.ambiguity_policy != before.ambiguity_policy ||
       after.cancel_request_time != before.cancel_request_time)) {
    after.next_attempt_time = now;
  }
}

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

DedupeDecision Join(const NewSubmission& request, const Submission& holder, absl::Time now) {
  DedupeDecision decision{.action = DedupeAction::kJoin, .submission = holder};
  decision.change = JoinChange(request, holder, now);
  decision.add_alias = !request.request_id.empty();
  return decision;
}

// The holder gives up the hash because its window is over for this caller.
Change Release(const NewSubmission& request, const Submission& holder, absl::Time now) {
  Submission after = holder;
  after.holds_hash = false;
  return Stamp(std::move(after), "released", request, now);
}

DedupeDecision AnswerFailed(const NewSubmission& request, const Submission& stored,
                            const std::optional<Submission>& by_hash, bool detached,
                            absl::Time now) {
  DedupeDecision decision{.action = DedupeAction::kReplay, .submission = stored};
  if (!stored.superseded_by.empty() || now < stored.failure->reopen_time) {
    return decision;
  }
  const bool content = stored.dedupe_mode == DedupeMode::kContent;
  if (content && by_hash.has_value() && by_hash->id != stored.id) {
    if (HoldsFor(request, *by_hash, now)) {
      decision = Join(request, *by_hash, now);
      decision.action = DedupeAction::kMove;
      Submission left = stored;
      left.superseded_by = by_hash->id;
      left.request_id_count -= detached ? 0 : 1;
      decision.superseded = Stamp(std::move(left), "superseded", request, now);
      return decision;
    }
    decision.released = Release(request, *by_hash, now);
  }
  decision.action = DedupeAction::kReopen;
  // Whoever reopens it wants it, also if the request_id was withdrawn before.
  decision.add_alias = detached;
  decision.submission->request_id_count += detached ? 1 : 0;
  return decision;
}

DedupeDecision AnswerKnownRequestId(const NewSubmission& request, const Submission& stored,
                                    const std::optional<Submission>& by_hash, bool detached,
                                    absl::Time now) {
  if (stored.state == SubmissionState::kFailed) {
    return AnswerFailed(request, stored, by_hash, detached, now);
  }
  DedupeDecision decision{.action = DedupeAction::kReplay, .submission = stored};
  const bool cancel_requested = stored.cancel_request_time != absl::InfinitePast();
  if (IsOpen(stored.state) && (cancel_requested || detached)) {
    Submission wanted = stored;
    wanted.cancel_request_time = absl::InfinitePast();
    wanted.request_id_count += detached ? 1 : 0;
    LetPolicyDecideAgain(stored, wanted, now);
    decision.change =
        Stamp(std::move(wanted), cancel_requested ? "cancel_withdrawn" : "joined", request, now);
    decision.add_alias = detached;
  }
  return decision;
}

}  // namespace

absl::StatusOr<DedupeDecision> DecideDedupe(const NewSubmission& request, const DedupeMatch& match,
                                            absl::Time now) {
  if (match.by_request_id.has_value()) {
    const Submission& stored = *match.by_request_id;
    if (!SameContent(request, stored)) {
      return errors::RequestIdReused(stored.id, DifferingFields(request, stored));
    }
    return AnswerKnownRequestId(request, stored, match.by_hash, match.request_id_detached, now);
  }
  if (match.request_id_tombstone) {
    return errors::RequestIdExpired();
  }
  DedupeDecision create{.action = DedupeAction::kCreate};
  if (request.dedupe_mode == DedupeMode::kRequestIdOnly) {
    return create;
  }
  if (!match.by_hash.has_value()) {
    if (match.abandoned.has_value()) {
      // ABANDONED releases its content to a new request_id only, until its window is over.
      if (request.request_id.empty() && now < match.abandoned->dedupe_expire_time) {
        return errors::SubmissionAbandoned(match.abandoned->id);
      }
      create.possible_duplicate_of = match.abandoned->id;
    }
    return create;
  }
  if (!HoldsFor(request, *match.by_hash, now)) {
    create.released = Release(request, *match.by_hash, now);
    return create;
  }
  return Join(request, *match.by_hash, now);
}

std::vector<std::string> DifferingFields(const NewSubmission& request, const Submission& stored) {
  const GenerationSpec& a = request.spec.value();
  const GenerationSpec& b = stored.spec.value();
  std::vector<std::string> fields;
  const auto compare = [&fields](bool equal, const char* name) {
    if (!equal) {
      fields.emplace_back(name);
    }
  };
  compare(a.model == b.model, "spec.model");
  compare(a.prompt == b.prompt, "spec.prompt");
  compare(a.duration == b.duration, "spec.duration");
  compare(a.aspect_ratio == b.aspect_ratio, "spec.aspect_ratio");
  compare(a.generation_type == b.generation_type, "spec.generation_type");
  compare(a.image_urls == b.image_urls, "spec.image_urls");
  compare(a.resolution == b.resolution, "spec.resolution");
  compare(a.enable_gif == b.enable_gif, "spec.enable_gif");
  compare(a.official_fallback == b.official_fallback, "spec.official_fallback");
  compare(request.variation == stored.variation, "variation");
  return fields;
}

}  // namespace genledger
