#include "storage/sqlite/first_look.h"

#include <optional>
#include <utility>

#include "service/base/status_macros.h"
#include "service/domain/dedupe.h"

namespace genledger::sqlite {

FirstLook LookInto(const RecordCache& cache, const NewSubmission& request, absl::Time now) {
  if (!request.request_id.empty()) {
    SharedSubmission stored = cache.ByRequestId(request.scope, request.request_id);
    if (stored != nullptr && ReplaysAsItIs(request, *stored)) {
      return {.submission = std::move(stored), .dedupe = DedupeKind::kReplayed};
    }
    return {};
  }
  if (request.dedupe_mode != DedupeMode::kContent) {
    return {};
  }
  SharedSubmission holder = cache.ByHash(request.scope, request.hash_version, request.request_hash);
  if (holder != nullptr && JoinsAsItIs(request, *holder, now)) {
    return {.submission = std::move(holder), .dedupe = DedupeKind::kJoined};
  }
  return {};
}

absl::StatusOr<FirstLook> RunLookFirst(RecordReader& reader, const SubmitCommand& command,
                                       absl::Time now) {
  const NewSubmission& request = command.request;
  if (!request.request_id.empty()) {
    GL_ASSIGN_OR_RETURN(SharedRequestIdMatch match,
                        reader.SharedByRequestId(request.scope, request.request_id));
    if (match.submission != nullptr && ReplaysAsItIs(request, *match.submission)) {
      return FirstLook{.submission = std::move(match.submission), .dedupe = DedupeKind::kReplayed};
    }
    if (match.is_known) {
      return FirstLook();
    }
  }
  if (request.dedupe_mode == DedupeMode::kRequestIdOnly) {
    return FirstLook{.nothing_answers = true};
  }
  if (!command.match_content && !command.may_create) {
    return FirstLook();
  }
  GL_ASSIGN_OR_RETURN(
      SharedSubmission holder,
      reader.SharedByHash(request.scope, request.hash_version, request.request_hash));
  if (holder != nullptr && JoinsAsItIs(request, *holder, now)) {
    return FirstLook{.submission = std::move(holder), .dedupe = DedupeKind::kJoined};
  }
  if (holder != nullptr) {
    return FirstLook();
  }
  GL_ASSIGN_OR_RETURN(
      const std::optional<StoredSubmission> abandoned,
      reader.ByAbandonedHash(request.scope, request.hash_version, request.request_hash));
  return FirstLook{.nothing_answers = !abandoned.has_value()};
}

}  // namespace genledger::sqlite
