#include "storage/store_operations.h"

#include <algorithm>
#include <set>
#include <utility>
#include <variant>

#include "service/base/check.h"
#include "service/base/error_details.h"
#include "service/base/errors.h"
#include "service/base/status_macros.h"
#include "service/base/texts.h"
#include "service/domain/ambiguity.h"
#include "service/domain/backlog.h"
#include "service/domain/dedupe.h"
#include "service/domain/fair_share.h"
#include "service/domain/repost_rules.h"
#include "service/domain/retention.h"

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
  for (Attempt& attempt : change.attempts) {
    attempt.start_time = ToMicrosecond(attempt.start_time);
    attempt.end_time = ToMicrosecond(attempt.end_time);
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
    match.request_id_detached = found.detached;
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
    if (!match.by_hash.has_value() && !match.by_request_id.has_value()) {
      GL_ASSIGN_OR_RETURN(match.abandoned, reader.FindAbandoned(request.scope, request.hash_version,
                                                                request.request_hash));
    }
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

// A run that starts at once is no part of the backlog.
absl::Status CheckBacklog(StoreTransaction& transaction, const SubmitCommand& command) {
  if (command.claim.has_value() || command.backlog_max <= 0) {
    return absl::OkStatus();
  }
  const Scope& scope = command.request.scope;
  GL_ASSIGN_OR_RETURN(
      const int64_t account_pending,
      transaction.CountInAccount(scope.upstream_account, SubmissionState::kPending));
  GL_ASSIGN_OR_RETURN(const int64_t tenant_pending,
                      transaction.CountInScope(scope, SubmissionState::kPending));
  if (BacklogAdmits(command.backlog_max, account_pending, tenant_pending)) {
    return absl::OkStatus();
  }
  return errors::BacklogFull(kBacklogRetryDelay);
}

absl::StatusOr<SubmitOutcome> StartRun(StoreTransaction& transaction, const SubmitCommand& command,
                                       const DedupeMatch& match, DedupeDecision decision,
                                       absl::Time now) {
  GL_RETURN_IF_ERROR(CheckBacklog(transaction, command));
  // Whoever gives up the hash does so before the new run takes it.
  GL_RETURN_IF_ERROR(WriteDecided(transaction, match, decision.released));
  Change change;
  if (decision.action == DedupeAction::kCreate) {
    NewSubmission request = command.request;
    request.possible_duplicate_of = decision.possible_duplicate_of;
    change = CreateSubmission(request, now);
  } else {
    // The decision has made sure of the hash: whoever holds it answers, or has just given it up.
    GL_ASSIGN_OR_RETURN(
        change, ReopenSubmission(*decision.submission, /*hash_is_free=*/true,
                                 command.request.submit_within, command.request.actor, "", now));
  }
  GL_ASSIGN_OR_RETURN(change, WithClaim(std::move(change), command.claim, now));
  change = CutToMicroseconds(std::move(change));
  if (decision.action == DedupeAction::kCreate) {
    GL_RETURN_IF_ERROR(transaction.Insert(change));
  } else {
    GL_RETURN_IF_ERROR(transaction.Update(BeforeOf(match, change.submission.id), change));
  }
  if (decision.add_alias) {
    GL_RETURN_IF_ERROR(transaction.PointRequestId(command.request.scope, command.request.request_id,
                                                  change.submission.id));
  }
  SubmitOutcome outcome{.dedupe = KindOf(decision.action),
                        .submission = std::move(change.submission)};
  if (!change.attempts.empty()) {
    outcome.started_attempt = std::move(change.attempts.back());
  }
  return outcome;
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

// Whether nobody holds the submission's hash; not asked if it holds it itself.
absl::StatusOr<bool> HashIsFree(StoreTransaction& transaction, const Submission& s) {
  if (s.holds_hash || s.dedupe_mode != DedupeMode::kContent) {
    return false;
  }
  GL_ASSIGN_OR_RETURN(const std::optional<Submission> holder,
                      transaction.FindByHash(s.scope, s.hash_version, s.request_hash));
  return !holder.has_value();
}

absl::StatusOr<Submission> Write(StoreTransaction& transaction, const Submission& before,
                                 Change change) {
  if (change.events.empty()) {
    return before;
  }
  change = CutToMicroseconds(std::move(change));
  GL_RETURN_IF_ERROR(transaction.Update(before, change));
  return std::move(change.submission);
}

absl::StatusOr<Submission> ApplyTo(StoreTransaction& transaction, const Submission& before,
                                   const Transition& transition, absl::Time now) {
  std::vector<Attempt> attempts;
  if (before.attempt_count > 0 && !std::holds_alternative<ExpireSubmitWithin>(transition)) {
    GL_ASSIGN_OR_RETURN(attempts, transaction.FindAttempts(before.id));
  }
  GL_ASSIGN_OR_RETURN(const bool hash_is_free, HashIsFree(transaction, before));
  GL_ASSIGN_OR_RETURN(Change change,
                      ApplyTransition(before, attempts, hash_is_free, transition, now));
  return Write(transaction, before, std::move(change));
}

// submit_within that ran out, and leases that did.
absl::Status ExpireWhatRanOut(StoreTransaction& transaction, const ClaimDueCommand& command,
                              absl::Time now, ClaimDueOutcome& outcome) {
  GL_ASSIGN_OR_RETURN(const std::vector<Submission> late,
                      transaction.FindOutOfTime(now, kExpirePerClaimMax));
  for (const Submission& before : late) {
    GL_ASSIGN_OR_RETURN(Submission after, ApplyTo(transaction, before,
                                                  ExpireSubmitWithin{command.claim.replica}, now));
    outcome.changed.push_back(std::move(after));
  }
  GL_ASSIGN_OR_RETURN(const std::vector<Submission> leases,
                      transaction.FindLeases(now, kExpirePerClaimMax));
  for (const Submission& before : leases) {
    GL_ASSIGN_OR_RETURN(Submission after, ApplyTo(transaction, before,
                                                  ExpireLease{.epoch = before.epoch,
                                                              .rules = command.rules,
                                                              .actor = command.claim.replica},
                                                  now));
    outcome.changed.push_back(std::move(after));
  }
  return absl::OkStatus();
}

// Lets the ambiguity policy of one submission act.
absl::Status ActOn(StoreTransaction& transaction, const ClaimDueCommand& command,
                   const Submission& before, absl::Time now, ClaimDueOutcome& outcome) {
  GL_ASSIGN_OR_RETURN(const std::vector<Attempt> attempts, transaction.FindAttempts(before.id));
  GL_ASSIGN_OR_RETURN(Change change,
                      ActOnUnknown(before, attempts, command.claim, command.rules, now));
  change = CutToMicroseconds(std::move(change));
  std::vector<Attempt> started = change.attempts;
  GL_ASSIGN_OR_RETURN(Submission after, Write(transaction, before, std::move(change)));
  if (started.empty()) {
    outcome.changed.push_back(std::move(after));
  } else {
    outcome.claimed.push_back(
        {.submission = std::move(after), .attempt = std::move(started.front())});
  }
  return absl::OkStatus();
}

// What posts nothing waits for no slot. (RESUBMIT_ONCE that has none left waits for none either; it
// carries no next_attempt_time.)
absl::Status ActWithoutSlots(StoreTransaction& transaction, const ClaimDueCommand& command,
                             absl::Time now, ClaimDueOutcome& outcome) {
  for (const AmbiguityPolicy policy : {AmbiguityPolicy::kFail, AmbiguityPolicy::kHold}) {
    GL_ASSIGN_OR_RETURN(
        const std::vector<Submission> due,
        transaction.FindUnknownDue(command.upstream_account, policy, now, kUnknownPerClaimMax));
    for (const Submission& before : due) {
      if (!PolicyMayPost(before, command.rules)) {
        GL_RETURN_IF_ERROR(ActOn(transaction, command, before, now, outcome));
      }
    }
  }
  return absl::OkStatus();
}

absl::Status ClaimPending(StoreTransaction& transaction, const ClaimDueCommand& command,
                          const Submission& before, absl::Time now, ClaimDueOutcome& outcome) {
  if (before.submit_deadline_time <= now) {
    return absl::OkStatus();  // Out of time, but beyond what this call expires.
  }
  GL_ASSIGN_OR_RETURN(Change change, ClaimSubmission(before, command.claim, now));
  change = CutToMicroseconds(std::move(change));
  GL_RETURN_IF_ERROR(transaction.Update(before, change));
  outcome.claimed.push_back(
      {.submission = std::move(change.submission), .attempt = std::move(change.attempts.back())});
  return absl::OkStatus();
}

absl::Status ClaimOfTenant(StoreTransaction& transaction, const ClaimDueCommand& command,
                           const std::string& tenant, int32_t slots, absl::Time now,
                           ClaimDueOutcome& outcome) {
  GL_ASSIGN_OR_RETURN(
      const std::vector<Submission> due,
      transaction.FindDue({.tenant = tenant, .upstream_account = command.upstream_account}, now,
                          slots));
  for (const Submission& before : due) {
    GL_RETURN_IF_ERROR(before.state == SubmissionState::kPending
                           ? ClaimPending(transaction, command, before, now, outcome)
                           : ActOn(transaction, command, before, now, outcome));
  }
  return absl::OkStatus();
}

// Shares the slots between the tenants with work that is due. No more tenants than there are slots
// can get one: those with the fewest in flight.
absl::Status ClaimShares(StoreTransaction& transaction, const ClaimDueCommand& command,
                         absl::Time now, ClaimDueOutcome& outcome) {
  if (command.limit <= 0) {
    return absl::OkStatus();
  }
  GL_ASSIGN_OR_RETURN(const std::vector<DueTenant> tenants,
                      transaction.FindDueTenants(command.upstream_account, now, command.limit));
  std::vector<SlotContender> contenders;
  contenders.reserve(tenants.size());
  for (const DueTenant& tenant : tenants) {
    contenders.push_back({.in_flight = tenant.in_flight, .waiting = tenant.waiting});
  }
  const std::vector<int32_t> shares = ShareSlots(command.limit, contenders);
  for (size_t i = 0; i < tenants.size(); ++i) {
    if (shares[i] > 0) {
      GL_RETURN_IF_ERROR(
          ClaimOfTenant(transaction, command, tenants[i].tenant, shares[i], now, outcome));
    }
  }
  return absl::OkStatus();
}

struct Found {
  Submission submission;
  // Of a request_id: whether it still wants the submission.
  bool attached = true;
};

// The submission that a key names, if the tenant may see it.
absl::StatusOr<Found> FindByKey(StoreTransaction& transaction,
                                const std::optional<std::string>& tenant,
                                const SubmissionKey& key) {
  std::optional<Submission> found;
  bool attached = true;
  std::string name;
  if (const auto* id = std::get_if<SubmissionId>(&key)) {
    name = id->value();
    GL_ASSIGN_OR_RETURN(found, transaction.FindById(*id));
  } else if (const auto* task_id = std::get_if<TaskId>(&key)) {
    name = task_id->value();
    GL_ASSIGN_OR_RETURN(found, transaction.FindByTaskId(tenant, *task_id));
  } else {
    const auto& request = std::get<RequestIdKey>(key);
    name = request.request_id;
    if (tenant.has_value()) {
      GL_ASSIGN_OR_RETURN(RequestIdMatch match,
                          transaction.FindByRequestId(
                              {.tenant = *tenant, .upstream_account = request.upstream_account},
                              request.request_id));
      found = std::move(match.submission);
      attached = !match.detached;
    }
  }
  if (!found.has_value() || (tenant.has_value() && found->scope.tenant != *tenant)) {
    return errors::SubmissionNotFound(name);
  }
  return Found{.submission = *std::move(found), .attached = attached};
}

absl::Status CheckEtag(const Submission& submission, const std::string& etag) {
  return etag.empty() || etag == Etag(submission) ? absl::OkStatus()
                                                  : errors::EtagMismatch(submission.id);
}

// An adoption names a task that no other attempt of the account may have (DESIGN.md section 4,
// ResolveSubmission).
absl::Status CheckAdoption(StoreTransaction& transaction, const Submission& submission,
                           const Transition& transition) {
  const auto* const resolution = std::get_if<Resolution>(&transition);
  const auto* const adopt =
      resolution == nullptr ? nullptr : std::get_if<AdoptTask>(&resolution->kind);
  if (adopt == nullptr) {
    return absl::OkStatus();
  }
  GL_ASSIGN_OR_RETURN(const std::optional<Submission> owner,
                      transaction.FindTaskOwner(submission.scope.upstream_account, adopt->task_id));
  if (!owner.has_value()) {
    return absl::OkStatus();
  }
  return errors::FieldInvalid(
      {MakeViolation("resolution.adopt_task_id", MakeText(TextId::kTaskTaken))});
}

// Every request_id that can name the submission: its first one, and those of its joiners, which the
// event of each joining notes. (A note may be something else; it then names nothing, or another.)
std::vector<std::string> RequestIdsOf(const Submission& submission,
                                      const std::vector<SubmissionEvent>& events) {
  std::set<std::string> request_ids = {submission.request_id};
  for (const SubmissionEvent& event : events) {
    request_ids.insert(event.note);
  }
  request_ids.erase("");
  return {request_ids.begin(), request_ids.end()};
}

absl::Status PurgeOne(StoreTransaction& transaction, const Submission& submission) {
  GL_ASSIGN_OR_RETURN(const std::vector<Attempt> attempts, transaction.FindAttempts(submission.id));
  GL_ASSIGN_OR_RETURN(const std::vector<SubmissionEvent> events,
                      transaction.FindEvents(submission));
  return transaction.Remove(submission, attempts, RequestIdsOf(submission, events));
}

// Deletes those of a page that nobody else is at.
absl::Status PurgePage(StoreTransaction& transaction, std::vector<Submission> old,
                       PurgeOutcome& outcome) {
  GL_ASSIGN_OR_RETURN(const std::vector<Submission> ours,
                      transaction.ReserveForRemoval(std::move(old)));
  for (const Submission& submission : ours) {
    GL_RETURN_IF_ERROR(PurgeOne(transaction, submission));
    ++outcome.submissions;
  }
  return absl::OkStatus();
}

// Deletes from the submissions behind outcome.next, which moves on. Whatever was created later than
// `finished_before` finished later too: there the walk ends.
absl::Status PurgeSubmissions(StoreTransaction& transaction, const PurgeCommand& command,
                              PurgeOutcome& outcome) {
  for (int32_t looked = 0; looked < kPurgeLookMax;) {
    GL_ASSIGN_OR_RETURN(const std::vector<Submission> page,
                        transaction.FindBehind(outcome.next, command.rows_max));
    bool is_last = static_cast<int32_t>(page.size()) < command.rows_max;
    std::vector<Submission> old;
    for (const Submission& submission : page) {
      if (submission.create_time >= command.finished_before) {
        is_last = true;
        break;
      }
      if (outcome.submissions + static_cast<int64_t>(old.size()) == command.rows_max) {
        outcome.has_more = is_last = true;
        break;
      }
      if (MayPurge(submission, command.finished_before)) {
        old.push_back(submission);
      }
      outcome.next = submission.id;
      ++looked;
    }
    GL_RETURN_IF_ERROR(PurgePage(transaction, std::move(old), outcome));
    if (is_last) {
      return absl::OkStatus();
    }
  }
  outcome.has_more = true;
  return absl::OkStatus();
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
  ClaimDueOutcome outcome{.store_time = now};
  GL_RETURN_IF_ERROR(ExpireWhatRanOut(transaction, command, now, outcome));
  GL_RETURN_IF_ERROR(ActWithoutSlots(transaction, command, now, outcome));
  GL_RETURN_IF_ERROR(ClaimShares(transaction, command, now, outcome));
  GL_ASSIGN_OR_RETURN(outcome.next_due_time, transaction.NextDueTime(command.upstream_account));
  return outcome;
}

absl::StatusOr<Submission> RunApply(StoreTransaction& transaction, const ApplyCommand& command,
                                    absl::Time now) {
  now = ToMicrosecond(now);
  GL_ASSIGN_OR_RETURN(const Found found, FindByKey(transaction, command.tenant, command.key));
  GL_RETURN_IF_ERROR(CheckEtag(found.submission, command.etag));
  GL_RETURN_IF_ERROR(CheckAdoption(transaction, found.submission, command.transition));
  return ApplyTo(transaction, found.submission, command.transition, now);
}

absl::StatusOr<CancelResult> RunCancel(StoreTransaction& transaction, const CancelCommand& command,
                                       absl::Time now) {
  now = ToMicrosecond(now);
  GL_ASSIGN_OR_RETURN(const Found found, FindByKey(transaction, command.tenant, command.key));
  GL_RETURN_IF_ERROR(CheckEtag(found.submission, command.etag));
  const auto* const request = std::get_if<RequestIdKey>(&command.key);
  CancelDecision decision =
      DecideCancel(found.submission, request != nullptr, found.attached, command.actor, now);
  CancelResult result{.outcome = decision.outcome, .submission = found.submission};
  if (decision.change.has_value()) {
    GL_ASSIGN_OR_RETURN(result.submission,
                        Write(transaction, found.submission, *std::move(decision.change)));
  }
  if (decision.detach) {
    GL_RETURN_IF_ERROR(transaction.DetachRequestId(found.submission.scope, request->request_id));
  }
  return result;
}

absl::StatusOr<int64_t> RunExpireLeases(StoreTransaction& transaction, const std::string& actor,
                                        const AmbiguityRules& rules, absl::Time ended_by,
                                        absl::Time now) {
  now = ToMicrosecond(now);
  int64_t expired = 0;
  while (true) {
    GL_ASSIGN_OR_RETURN(const std::vector<Submission> leases,
                        transaction.FindLeases(ended_by, kExpireLeasesPage));
    if (leases.empty()) {
      return expired;
    }
    for (const Submission& before : leases) {
      GL_RETURN_IF_ERROR(ApplyTo(transaction, before,
                                 ExpireLease{.epoch = before.epoch, .rules = rules, .actor = actor},
                                 now)
                             .status());
      ++expired;
    }
  }
}

absl::StatusOr<PurgeOutcome> RunPurge(StoreTransaction& transaction, PurgeCommand command,
                                      absl::Time now) {
  const absl::Duration ahead = std::max(command.caller_time - now, absl::ZeroDuration());
  command.finished_before -= ahead;
  command.tombstones_before -= ahead;
  PurgeOutcome outcome{.next = command.after};
  if (command.rows_max <= 0) {
    return outcome;
  }
  GL_RETURN_IF_ERROR(PurgeSubmissions(transaction, command, outcome));
  GL_ASSIGN_OR_RETURN(outcome.tombstones,
                      transaction.RemoveTombstones(command.tombstones_before, command.rows_max));
  outcome.has_more = outcome.has_more || outcome.tombstones == command.rows_max;
  return outcome;
}

}  // namespace genledger
