#include "storage/store_operations.h"

#include <utility>
#include <variant>

#include "service/base/check.h"
#include "service/base/errors.h"
#include "service/base/status_macros.h"
#include "service/domain/dedupe.h"

namespace genledger {
namespace {

// DISPATCHING rows that are loaded at once while all leases are expired.
constexpr int32_t kExpireLeasesPage = 256;

absl::Time ToMicrosecond(absl::Time time) {
  if (time == absl::InfinitePast() || time == absl::InfiniteFuture()) {
    return time;
  }
  return absl::FromUnixMicros(absl::ToUnixMicros(time));
}

// What is answered must equal what is read back later: stores keep microseconds.
Change CutToMicroseconds(Change change) {
  Submission& s = change.submission;
  for (absl::Time* time : {&s.create_time, &s.update_time, &s.submit_time, &s.submit_deadline_time,
                           &s.next_attempt_time, &s.dedupe_expire_time, &s.cancel_request_time,
                           &s.lease_expire_time}) {
    *time = ToMicrosecond(*time);
  }
  s.dedupe_window = absl::Floor(s.dedupe_window, absl::Microseconds(1));
  if (s.failure.has_value()) {
    s.failure->reopen_time = ToMicrosecond(s.failure->reopen_time);
  }
  for (SubmissionEvent& event : change.events) {
    event.time = ToMicrosecond(event.time);
  }
  if (change.attempt.has_value()) {
    change.attempt->start_time = ToMicrosecond(change.attempt->start_time);
    change.attempt->end_time = ToMicrosecond(change.attempt->end_time);
  }
  return change;
}

absl::StatusOr<DedupeMatch> FindMatch(DedupeReader& reader, const NewSubmission& request,
                                      bool match_content) {
  DedupeMatch match;
  if (!request.request_id.empty()) {
    GL_ASSIGN_OR_RETURN(RequestIdMatch found,
                        reader.FindByRequestId(request.scope, request.request_id));
    match.by_request_id = std::move(found.submission);
    match.request_id_tombstone = found.tombstone;
  }
  // A submission that holds its hash answers its own request_id; the second look-up would find
  // itself.
  const bool holds_it_itself = match.by_request_id.has_value() && match.by_request_id->holds_hash;
  // Whether a reopening takes the hash is for the stored submission's mode to say, not the
  // repeat's.
  const DedupeMode mode =
      match.by_request_id.has_value() ? match.by_request_id->dedupe_mode : request.dedupe_mode;
  if (mode == DedupeMode::kContent && match_content && !holds_it_itself) {
    GL_ASSIGN_OR_RETURN(match.by_hash, reader.FindByHash(request.scope, request.hash_version,
                                                         request.request_hash));
  }
  return match;
}

// Whether content counts: a submission is never created or reopened past a holder of its hash.
bool MatchesContent(const SubmitCommand& command) {
  return command.match_content || command.may_create;
}

bool StartsARun(DedupeAction action) {
  return action == DedupeAction::kCreate || action == DedupeAction::kReopen;
}

DedupeKind KindOf(DedupeAction action) {
  switch (action) {
    case DedupeAction::kCreate:
      return DedupeKind::kCreated;
    case DedupeAction::kReplay:
      return DedupeKind::kReplayed;
    case DedupeAction::kJoin:
    case DedupeAction::kMove:
      return DedupeKind::kJoined;
    case DedupeAction::kReopen:
      return DedupeKind::kReopened;
  }
  return DedupeKind::kCreated;
}

// The record, among those that the decision was made on, that a change of it replaces.
const Submission& BeforeOf(const DedupeMatch& match, const SubmissionId& id) {
  if (match.by_request_id.has_value() && match.by_request_id->id == id) {
    return *match.by_request_id;
  }
  GL_CHECK(match.by_hash.has_value() && match.by_hash->id == id,
           "a dedupe decision changes only what was looked up");
  return *match.by_hash;
}

absl::Status WriteDecided(StoreTransaction& transaction, const DedupeMatch& match,
                          std::optional<Change>& change) {
  if (!change.has_value()) {
    return absl::OkStatus();
  }
  change = CutToMicroseconds(*std::move(change));
  return transaction.Update(BeforeOf(match, change->submission.id), *change);
}

// The run that begins, claimed at once if the caller has a slot.
absl::StatusOr<Change> WithClaim(Change change, const std::optional<Claim>& claim, absl::Time now) {
  if (!claim.has_value()) {
    return change;
  }
  GL_ASSIGN_OR_RETURN(Change claimed, ClaimSubmission(change.submission, *claim, now));
  return Merge(std::move(change), std::move(claimed));
}

absl::StatusOr<SubmitOutcome> StartRun(StoreTransaction& transaction, const SubmitCommand& command,
                                       const DedupeMatch& match, DedupeDecision decision,
                                       absl::Time now) {
  const NewSubmission& request = command.request;
  // Whoever gives up the hash does so before the new run takes it.
  GL_RETURN_IF_ERROR(WriteDecided(transaction, match, decision.released));
  Change change;
  if (decision.action == DedupeAction::kCreate) {
    change = CreateSubmission(request, now);
  } else {
    GL_ASSIGN_OR_RETURN(
        change, ReopenSubmission(*decision.submission, request.submit_within, request.actor, now));
  }
  GL_ASSIGN_OR_RETURN(change, WithClaim(std::move(change), command.claim, now));
  change = CutToMicroseconds(std::move(change));
  if (decision.action == DedupeAction::kCreate) {
    GL_RETURN_IF_ERROR(transaction.Insert(change));
  } else {
    GL_RETURN_IF_ERROR(transaction.Update(BeforeOf(match, change.submission.id), change));
  }
  return SubmitOutcome{.dedupe = KindOf(decision.action),
                       .submission = std::move(change.submission),
                       .started_attempt = std::move(change.attempt)};
}

absl::StatusOr<SubmitOutcome> AnswerFromExisting(StoreTransaction& transaction,
                                                 const NewSubmission& request,
                                                 const DedupeMatch& match,
                                                 DedupeDecision decision) {
  GL_RETURN_IF_ERROR(WriteDecided(transaction, match, decision.superseded));
  GL_RETURN_IF_ERROR(WriteDecided(transaction, match, decision.change));
  if (decision.add_alias) {
    GL_RETURN_IF_ERROR(
        transaction.PointRequestId(request.scope, request.request_id, decision.submission->id));
  }
  return SubmitOutcome{.dedupe = KindOf(decision.action),
                       .submission = decision.change.has_value()
                                         ? std::move(decision.change->submission)
                                         : *std::move(decision.submission)};
}

absl::StatusOr<std::vector<Submission>> ExpireOutOfTime(StoreTransaction& transaction,
                                                        const std::string& actor, absl::Time now) {
  GL_ASSIGN_OR_RETURN(const std::vector<Submission> late,
                      transaction.FindOutOfTime(now, kExpirePerClaimMax));
  std::vector<Submission> expired;
  expired.reserve(late.size());
  for (const Submission& before : late) {
    GL_ASSIGN_OR_RETURN(Change change,
                        ApplyTransition(before, std::nullopt, ExpireSubmitWithin{actor}, now));
    change = CutToMicroseconds(std::move(change));
    GL_RETURN_IF_ERROR(transaction.Update(before, change));
    expired.push_back(std::move(change.submission));
  }
  return expired;
}

absl::StatusOr<Change> ApplyTo(StoreTransaction& transaction, const Submission& before,
                               const Transition& transition, absl::Time now) {
  std::optional<Attempt> attempt;
  if (before.attempt_count > 0 && !std::holds_alternative<ExpireSubmitWithin>(transition)) {
    GL_ASSIGN_OR_RETURN(attempt, transaction.FindAttempt(before.id, before.attempt_count));
  }
  GL_ASSIGN_OR_RETURN(Change change, ApplyTransition(before, attempt, transition, now));
  change = CutToMicroseconds(std::move(change));
  GL_RETURN_IF_ERROR(transaction.Update(before, change));
  return change;
}

}  // namespace

absl::StatusOr<SubmitOutcome> RunSubmit(StoreTransaction& transaction, const SubmitCommand& command,
                                        absl::Time now) {
  now = ToMicrosecond(now);
  GL_ASSIGN_OR_RETURN(const DedupeMatch match,
                      FindMatch(transaction, command.request, MatchesContent(command)));
  GL_ASSIGN_OR_RETURN(DedupeDecision decision, DecideDedupe(command.request, match, now));
  if (!StartsARun(decision.action)) {
    return AnswerFromExisting(transaction, command.request, match, std::move(decision));
  }
  if (!command.may_create) {
    return SubmitOutcome{};
  }
  return StartRun(transaction, command, match, std::move(decision), now);
}

absl::StatusOr<std::optional<SubmitOutcome>> AnswerWithoutWrite(DedupeReader& reader,
                                                                const SubmitCommand& command,
                                                                absl::Time now) {
  now = ToMicrosecond(now);
  GL_ASSIGN_OR_RETURN(const DedupeMatch match,
                      FindMatch(reader, command.request, MatchesContent(command)));
  GL_ASSIGN_OR_RETURN(DedupeDecision decision, DecideDedupe(command.request, match, now));
  if (NeedsNoWrite(decision)) {
    return SubmitOutcome{.dedupe = KindOf(decision.action),
                         .submission = *std::move(decision.submission)};
  }
  if (StartsARun(decision.action) && !command.may_create) {
    return SubmitOutcome{};
  }
  return std::nullopt;
}

absl::StatusOr<PreviewOutcome> RunPreview(DedupeReader& reader, const NewSubmission& request,
                                          absl::Time now) {
  GL_ASSIGN_OR_RETURN(const DedupeMatch match, FindMatch(reader, request, true));
  GL_ASSIGN_OR_RETURN(const DedupeDecision decision,
                      DecideDedupe(request, match, ToMicrosecond(now)));
  PreviewOutcome outcome{.would = KindOf(decision.action)};
  if (decision.submission.has_value()) {
    outcome.submission_id = decision.submission->id;
  }
  return outcome;
}

absl::StatusOr<ClaimDueOutcome> RunClaimDue(StoreTransaction& transaction,
                                            const ClaimDueCommand& command, absl::Time now) {
  now = ToMicrosecond(now);
  ClaimDueOutcome outcome;
  GL_ASSIGN_OR_RETURN(outcome.expired, ExpireOutOfTime(transaction, command.claim.replica, now));
  GL_ASSIGN_OR_RETURN(const std::vector<Submission> due,
                      transaction.FindDue(command.upstream_account, now, command.limit));
  outcome.claimed.reserve(due.size());
  for (const Submission& before : due) {
    if (before.submit_deadline_time <= now) {
      continue;  // Out of time, but beyond what this call expires.
    }
    GL_ASSIGN_OR_RETURN(Change change, ClaimSubmission(before, command.claim, now));
    change = CutToMicroseconds(std::move(change));
    GL_RETURN_IF_ERROR(transaction.Update(before, change));
    GL_CHECK(change.attempt.has_value(), "a claim starts an attempt");
    outcome.claimed.push_back(
        {.submission = std::move(change.submission), .attempt = *std::move(change.attempt)});
  }
  GL_ASSIGN_OR_RETURN(outcome.next_due_time, transaction.NextDueTime(command.upstream_account));
  return outcome;
}

absl::StatusOr<Submission> RunApply(StoreTransaction& transaction, const SubmissionId& id,
                                    const Transition& transition, absl::Time now) {
  GL_ASSIGN_OR_RETURN(const std::optional<Submission> before, transaction.FindById(id));
  if (!before.has_value()) {
    return errors::SubmissionNotFound(id.value());
  }
  GL_ASSIGN_OR_RETURN(Change change, ApplyTo(transaction, *before, transition, ToMicrosecond(now)));
  return std::move(change.submission);
}

absl::StatusOr<int64_t> RunExpireAllLeases(StoreTransaction& transaction, const std::string& actor,
                                           absl::Time now) {
  int64_t count = 0;
  while (true) {
    GL_ASSIGN_OR_RETURN(const std::vector<Submission> page,
                        transaction.FindDispatching(kExpireLeasesPage));
    if (page.empty()) {
      return count;
    }
    for (const Submission& before : page) {
      GL_ASSIGN_OR_RETURN(
          const Change change,
          ApplyTo(transaction, before, ExpireLease{.epoch = before.epoch, .actor = actor},
                  ToMicrosecond(now)));
      GL_CHECK(change.submission.state != SubmissionState::kDispatching,
               "a lease that ran out ends DISPATCHING");
      ++count;
    }
  }
}

}  // namespace genledger
