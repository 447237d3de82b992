#include "service/domain/dedupe.h"

#include "service/base/errors.h"
#include "service/domain/dedupe_join.h"
#include "service/domain/dedupe_window.h"
#include "service/domain/known_request_id.h"

namespace genledger {
namespace {

// Equal hash under the stored hash_version. There is one version so far, so equal hashes are equal
// bytes.
bool SameContent(const NewSubmission& request, const Submission& stored) {
  return request.hash_version == stored.hash_version
             ? request.request_hash == stored.request_hash
             : request.spec == stored.spec && request.variation == stored.variation;
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

bool ReplaysAsItIs(const NewSubmission& request, const Submission& stored) {
  return stored.state == SubmissionState::kSubmitted && SameContent(request, stored);
}

bool JoinsAsItIs(const NewSubmission& request, const Submission& holder, absl::Time now) {
  return holder.state == SubmissionState::kSubmitted && request.request_id.empty() &&
         request.dedupe_mode == DedupeMode::kContent && HoldsFor(request, holder, now);
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
