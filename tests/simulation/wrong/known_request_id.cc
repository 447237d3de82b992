// Wrong on purpose: a known request_id is answered with whoever has its content now.
#include "service/domain/known_request_id.h"

#include <utility>

#include "service/domain/dedupe_join.h"
#include "service/domain/dedupe_window.h"

namespace genledger {
namespace {

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

}  // namespace

DedupeDecision AnswerKnownRequestId(const NewSubmission& request, const Submission& stored,
                                    const std::optional<Submission>& by_hash, bool detached,
                                    absl::Time now) {
  if (by_hash.has_value() && by_hash->id != stored.id) {
    return Join(request, *by_hash, now);
  }
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

}  // namespace genledger
