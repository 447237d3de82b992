#include "tests/simulation/row_audit.h"

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"

namespace genledger::simulation {
namespace {

using enum SubmissionState;

// DESIGN.md section 6, "Ambiguity".
constexpr absl::Duration kResubmitDelay = absl::Seconds(150);
constexpr absl::Duration kRepostAgeMax = absl::Hours(23);
constexpr int kRepostsMax = 3;

std::optional<Violation> Broken(Rule rule, const Submission& s, absl::string_view what) {
  return Violation{.rule = rule, .what = absl::StrCat(s.id.value(), ": ", what)};
}

bool IsOpen(SubmissionState state) {
  return state == kPending || state == kDispatching || state == kOutcomeUnknown;
}

// Whether the upstream may have accepted it, as far as the ledger knows.
bool IsPossible(const Attempt& attempt) {
  return attempt.outcome == AttemptOutcome::kInFlight ||
         attempt.outcome == AttemptOutcome::kAccepted ||
         attempt.outcome == AttemptOutcome::kAmbiguous;
}

std::optional<Violation> AuditResubmit(const Row& before, const Attempt& started,
                                       const Attempt& last_unsettled) {
  if (before.submission.ambiguity_policy != AmbiguityPolicy::kResubmitOnce) {
    return Broken(Rule::kOnePossibleAcceptance, before.submission,
                  "posted again, though its policy is not RESUBMIT_ONCE");
  }
  for (const auto& [number, attempt] : before.attempts) {
    if (attempt.kind == AttemptKind::kResubmitOnce && IsPossible(attempt)) {
      return Broken(Rule::kOnePossibleAcceptance, before.submission,
                    "RESUBMIT_ONCE posted more than once");
    }
  }
  if (started.start_time < last_unsettled.start_time + kResubmitDelay) {
    return Broken(Rule::kOnePossibleAcceptance, before.submission,
                  "RESUBMIT_ONCE posted before the attempt must have ended");
  }
  return std::nullopt;
}

std::optional<Violation> AuditTrusted(const Row& after, const Attempt& started,
                                      const Attempt& last_unsettled, const AmbiguityRules& rules) {
  int reposts = 0;
  absl::Time first_use = started.start_time;
  for (const auto& [number, attempt] : after.attempts) {
    reposts += attempt.kind == AttemptKind::kTrustedRepost && attempt.run == started.run ? 1 : 0;
    if (attempt.idempotency_key == started.idempotency_key) {
      first_use = std::min(first_use, attempt.start_time);
    }
  }
  const bool same = !started.idempotency_key.empty() &&
                    started.idempotency_key == last_unsettled.idempotency_key &&
                    started.base_url == last_unsettled.base_url &&
                    started.credential_fingerprint == last_unsettled.credential_fingerprint;
  if (!rules.trusted || !same || reposts > kRepostsMax ||
      started.start_time - first_use >= kRepostAgeMax) {
    return Broken(Rule::kOnePossibleAcceptance, after.submission,
                  "a re-post that `trusted` does not cover");
  }
  return std::nullopt;
}

// Invariant 3, at the commit that starts an attempt.
std::optional<Violation> AuditStart(const Row* before, const Row& after,
                                    const AmbiguityRules& rules) {
  if (after.attempts.size() == (before == nullptr ? 0 : before->attempts.size())) {
    return std::nullopt;
  }
  const Attempt& started = after.attempts.rbegin()->second;
  const Attempt* last_unsettled = nullptr;
  for (const auto& [number, attempt] : after.attempts) {
    if (number == started.number || !IsPossible(attempt)) {
      continue;
    }
    if (attempt.outcome != AttemptOutcome::kAmbiguous) {
      return Broken(Rule::kOnePossibleAcceptance, after.submission,
                    "an attempt begins beside one that is accepted or in flight");
    }
    last_unsettled = &attempt;
  }
  if (last_unsettled == nullptr) {
    return started.kind == AttemptKind::kOrdinary
               ? std::nullopt
               : Broken(Rule::kOnePossibleAcceptance, after.submission,
                        "a re-post of nothing unsettled");
  }
  const Submission& was = before->submission;
  if (was.never_repost || was.cancel_request_time != absl::InfinitePast()) {
    return Broken(Rule::kOnePossibleAcceptance, was, "posted again, though nothing may be posted");
  }
  switch (started.kind) {
    case AttemptKind::kResubmitOnce:
      return AuditResubmit(*before, started, *last_unsettled);
    case AttemptKind::kTrustedRepost:
      return AuditTrusted(after, started, *last_unsettled, rules);
    case AttemptKind::kOrdinary:
      break;
  }
  return Broken(Rule::kOnePossibleAcceptance, was,
                "an ordinary attempt begins beside one that is unsettled");
}

bool IsAbandonedByOperator(const Cause& cause) {
  const auto* const resolution =
      cause.apply == nullptr ? nullptr : std::get_if<Resolution>(&cause.apply->transition);
  return resolution != nullptr && std::holds_alternative<Abandon>(resolution->kind);
}

// Invariant 7: who may end an unknown outcome.
std::optional<Violation> AuditUnknown(const Row* before, const Row& after, const Cause& cause) {
  const SubmissionState now = after.submission.state;
  if (before == nullptr || before->submission.state == now) {
    return std::nullopt;
  }
  const Submission& was = before->submission;
  if (now == kAbandoned) {
    return was.ambiguity_policy == AmbiguityPolicy::kFail || IsAbandonedByOperator(cause)
               ? std::nullopt
               : Broken(Rule::kUnknownStaysUnknown, was,
                        "abandoned by neither an operator nor policy FAIL");
  }
  if (was.state != kOutcomeUnknown) {
    return std::nullopt;
  }
  const bool by_operator =
      cause.apply != nullptr && std::holds_alternative<Resolution>(cause.apply->transition);
  const bool by_proof =
      cause.apply != nullptr && std::holds_alternative<FinishAttempt>(cause.apply->transition);
  const bool by_policy = now == kDispatching && after.attempts.size() > before->attempts.size();
  return by_operator || by_proof || by_policy
             ? std::nullopt
             : Broken(Rule::kUnknownStaysUnknown, was,
                      absl::StrCat("left OUTCOME_UNKNOWN by ",
                                   absl::string_view(cause.call.data(), cause.call.size())));
}

// Whether a SUBMITTED submission may give up its hash now.
bool MayRelease(const Submission& was, const Cause& cause, absl::Time now) {
  if (cause.apply != nullptr && std::holds_alternative<ReleaseDedupe>(cause.apply->transition)) {
    return true;
  }
  return cause.submit != nullptr &&
         now >= was.submit_time + std::min(was.dedupe_window, cause.submit->request.dedupe_window) -
                    absl::Microseconds(1);  // times are kept to the microsecond
}

// Invariant 5, of one submission: when it holds its hash, and when it stops.
std::optional<Violation> AuditHold(const Row* before, const Row& after, const Cause& cause,
                                   absl::Time now) {
  const Submission& s = after.submission;
  if (IsOpen(s.state) && s.holds_hash != (s.dedupe_mode == DedupeMode::kContent)) {
    return Broken(Rule::kOneHolder, s, "open, and holds its hash wrongly");
  }
  if (!IsOpen(s.state) && s.state != kSubmitted && s.holds_hash) {
    return Broken(Rule::kOneHolder, s, "ended, and still holds its hash");
  }
  if (s.state != kSubmitted || before == nullptr || !before->submission.holds_hash ||
      s.holds_hash) {
    return std::nullopt;
  }
  return before->submission.state == kSubmitted && MayRelease(before->submission, cause, now)
             ? std::nullopt
             : Broken(Rule::kOneHolder, s, "SUBMITTED and released within its window");
}

// Whether the upstream, as far as the ledger knows, may have charged it: as long as it is not
// known to be refused or unsent, nor declared so. A refusal that only a trusted 5xx envelope made
// one may be charged all the same; of such statuses, one refusal alone needs no trust.
bool MayBeCharged(const Attempt& attempt) {
  return IsPossible(attempt) ||
         (attempt.outcome == AttemptOutcome::kRefusedTransient && attempt.http_status >= 500 &&
          attempt.upstream_code != "idempotency_unavailable");
}

// Whether an earlier attempt was accepted with one of its tasks: one acceptance, answered twice.
bool IsReplay(const Attempt& attempt, const std::map<int32_t, Attempt>& attempts) {
  return std::any_of(attempts.begin(), attempts.find(attempt.number), [&](const auto& earlier) {
    const std::vector<TaskId>& ids = earlier.second.task_ids;
    return std::find_first_of(ids.begin(), ids.end(), attempt.task_ids.begin(),
                              attempt.task_ids.end()) != ids.end();
  });
}

// Charges and posts are exact: what the attempts and the events tell, no more and no less.
std::optional<Violation> AuditCharges(const Row& row) {
  const Submission& s = row.submission;
  int accepted = 0;
  int possible = 0;
  int sent = row.resends;
  for (const auto& [number, attempt] : row.attempts) {
    if (attempt.may_be_charged != MayBeCharged(attempt)) {
      return Broken(Rule::kAudit, s,
                    absl::StrCat("attempt ", number, " may ",
                                 attempt.may_be_charged ? "be" : "not be", " charged"));
    }
    accepted += attempt.outcome == AttemptOutcome::kAccepted && !IsReplay(attempt, row.attempts);
    possible += attempt.may_be_charged ? 1 : 0;
    sent += attempt.outcome == AttemptOutcome::kNotSent ? 0 : 1;
  }
  if (s.charges_min != accepted || s.charges_max != possible) {
    return Broken(Rule::kAudit, s,
                  absl::StrCat("charges ", s.charges_min, " to ", s.charges_max, " with ", accepted,
                               " accepted and ", possible, " possible attempts"));
  }
  if (s.upstream_posts_sent != sent) {
    return Broken(Rule::kAudit, s,
                  absl::StrCat(s.upstream_posts_sent, " posts noted, ", sent, " sent"));
  }
  return std::nullopt;
}

// Whether a re-post of RESUBMIT_ONCE came to nothing for now, by this very write.
bool CameToNothing(const Row* before, const Attempt& attempt) {
  if (attempt.kind != AttemptKind::kResubmitOnce ||
      (attempt.outcome != AttemptOutcome::kNotSent &&
       attempt.outcome != AttemptOutcome::kRefusedTransient)) {
    return false;
  }
  const auto was = before->attempts.find(attempt.number);
  return was != before->attempts.end() && was->second.outcome != attempt.outcome;
}

// RESUBMIT_ONCE is used up by its re-post, ever, unless that came to nothing for now.
std::optional<Violation> AuditResubmittedOnce(const Row* before, const Row& after) {
  bool came_to_nothing = false;
  for (const auto& [number, attempt] : after.attempts) {
    if (attempt.kind == AttemptKind::kResubmitOnce && IsPossible(attempt) &&
        !after.submission.resubmitted_once) {
      return Broken(Rule::kAudit, after.submission, "RESUBMIT_ONCE is used, and not noted");
    }
    came_to_nothing = came_to_nothing || (before != nullptr && CameToNothing(before, attempt));
  }
  const bool given_back = before != nullptr && before->submission.resubmitted_once &&
                          !after.submission.resubmitted_once;
  return !given_back || came_to_nothing
             ? std::nullopt
             : Broken(Rule::kAudit, after.submission, "RESUBMIT_ONCE was given back");
}

std::optional<Violation> AuditCounters(const Row& row) {
  const Submission& s = row.submission;
  int unsettled = 0;
  for (const auto& [number, attempt] : row.attempts) {
    unsettled += attempt.outcome == AttemptOutcome::kAmbiguous ? 1 : 0;
  }
  if (s.unsettled_attempts != unsettled || (s.state == kOutcomeUnknown && unsettled == 0) ||
      ((s.state == kFailed || s.state == kCancelled) && unsettled > 0)) {
    return Broken(Rule::kAudit, s, absl::StrCat(unsettled, " unsettled attempts"));
  }
  if (s.lease_owner.empty() != (s.state != kDispatching)) {
    return Broken(Rule::kAudit, s, "a lease without an attempt, or an attempt without one");
  }
  if ((s.state == kSubmitted && s.task_id.empty()) ||
      (s.state != kSubmitted && s.state != kDispatching && !s.task_id.empty())) {
    return Broken(Rule::kAudit, s, "a task_id that does not fit the state");
  }
  return std::nullopt;
}

// The part of a row that belongs to whoever has the lease now.
bool SameLease(const Row& before, const Row& after) {
  const Submission& a = before.submission;
  const Submission& b = after.submission;
  return a.state != kDispatching ||
         (b.state == kDispatching && a.lease_owner == b.lease_owner && a.epoch == b.epoch &&
          a.lease_expire_time == b.lease_expire_time &&
          a.upstream_posts_sent <= b.upstream_posts_sent + 1 &&
          before.attempts.rbegin()->second == after.attempts.rbegin()->second);
}

bool SameRow(const Row& before, const Row& after) {
  return before.submission == after.submission && before.attempts == after.attempts;
}

bool IsCertain(AttemptClass outcome) {
  return outcome != AttemptClass::kAmbiguous && outcome != AttemptClass::kInProgress;
}

bool HasAll(const Attempt& attempt, const std::vector<TaskId>& task_ids) {
  return std::all_of(task_ids.begin(), task_ids.end(), [&](const TaskId& task_id) {
    return std::find(attempt.task_ids.begin(), attempt.task_ids.end(), task_id) !=
           attempt.task_ids.end();
  });
}

std::optional<Violation> AuditFinish(const Row& before, const Row& after,
                                     const FinishAttempt& finish) {
  const auto found = before.attempts.find(finish.attempt);
  if (found == before.attempts.end() || found->second.epoch != finish.epoch) {
    return SameRow(before, after)
               ? std::nullopt
               : Broken(Rule::kFencedButProofsKept, before.submission,
                        "changed by the end of an attempt that it does not have");
  }
  const AttemptOutcome was = found->second.outcome;
  if (was == AttemptOutcome::kInFlight) {
    return std::nullopt;  // in time
  }
  const AttemptOutcome is = after.attempts.at(finish.attempt).outcome;
  const bool accepted = finish.result.outcome == AttemptClass::kAccepted;
  if (accepted && is != AttemptOutcome::kAccepted) {
    return Broken(Rule::kFencedButProofsKept, before.submission,
                  "a proof of acceptance was dropped");
  }
  if (was == AttemptOutcome::kAmbiguous && IsCertain(finish.result.outcome) && is == was) {
    return Broken(Rule::kFencedButProofsKept, before.submission, "a proof of refusal was dropped");
  }
  if (accepted && !HasAll(after.attempts.at(finish.attempt), finish.result.task_ids)) {
    return Broken(Rule::kFencedButProofsKept, before.submission, "a task_id was dropped");
  }
  const bool proof = (accepted && !HasAll(found->second, finish.result.task_ids)) ||
                     (was == AttemptOutcome::kAmbiguous && IsCertain(finish.result.outcome));
  if (proof ? !SameLease(before, after) : !SameRow(before, after)) {
    return Broken(Rule::kFencedButProofsKept, before.submission,
                  "a replica that was fenced off changed it");
  }
  return std::nullopt;
}

}  // namespace

std::optional<Violation> AuditRowChange(const Row* before, const Row& after, const Cause& cause,
                                        const AmbiguityRules& rules, absl::Time now) {
  // The rules with numbers first: what breaks one of them often breaks the counters as well.
  if (auto violation = AuditUnknown(before, after, cause)) {
    return violation;
  }
  if (auto violation = AuditStart(before, after, rules)) {
    return violation;
  }
  if (auto violation = AuditHold(before, after, cause, now)) {
    return violation;
  }
  if (auto violation = AuditCharges(after)) {
    return violation;
  }
  if (auto violation = AuditResubmittedOnce(before, after)) {
    return violation;
  }
  return AuditCounters(after);
}

std::optional<Violation> AuditProof(const Row& before, const Row& after,
                                    const Transition& transition) {
  if (const auto* const finish = std::get_if<FinishAttempt>(&transition)) {
    return AuditFinish(before, after, *finish);
  }
  if (const auto* const resend = std::get_if<ResendAttempt>(&transition)) {
    const Submission& s = before.submission;
    const bool current =
        s.state == kDispatching && s.attempt_count == resend->attempt && s.epoch == resend->epoch;
    if (!current && !SameRow(before, after)) {
      return Broken(Rule::kFencedButProofsKept, s, "a replica that was fenced off re-sent");
    }
  }
  return std::nullopt;
}

}  // namespace genledger::simulation
