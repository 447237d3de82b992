#include "tests/simulation/auditor.h"

#include <algorithm>
#include <tuple>
#include <variant>

#include "absl/strings/str_cat.h"
#include "service/base/error_details.h"
#include "service/base/error_reason.h"
#include "tests/simulation/retention.h"
#include "tests/storage/fake_records.h"

namespace genledger::simulation {
namespace {

using enum SubmissionState;

// At rest: how late whatever is due may be (clocks differ, polls come every so often).
constexpr absl::Duration kRestSlack = absl::Minutes(6);

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

std::string Text(const Submission& s) {
  return absl::StrCat(s.id.value(), " r", s.revision, " ", View(SubmissionStateName(s.state)),
                      " attempts ", s.attempt_count, " charges ", s.charges_min, "-", s.charges_max,
                      s.task_id.empty() ? "" : " ", s.task_id.value());
}

bool Has(const Row& row, const TaskId& task_id) {
  return std::any_of(row.attempts.begin(), row.attempts.end(), [&](const auto& entry) {
    const std::vector<TaskId>& ids = entry.second.task_ids;
    return std::find(ids.begin(), ids.end(), task_id) != ids.end();
  });
}

}  // namespace

void Auditor::Broke(Rule rule, std::string what) {
  if (!violation_.has_value()) {
    violation_ = Violation{.rule = rule, .what = std::move(what)};
  }
}

void Auditor::Judge(std::optional<Violation> violation) {
  if (violation.has_value()) {
    Broke(violation->rule, std::move(violation->what));
  }
}

void Auditor::OnWritten(const Cause& cause) {
  // A proof is judged even if it changed nothing.
  const SubmissionId* const applied_to =
      cause.apply == nullptr ? nullptr : std::get_if<SubmissionId>(&cause.apply->key);
  std::optional<Row> before_apply;
  if (applied_to != nullptr && rows_.contains(*applied_to)) {
    before_apply = rows_.at(*applied_to);
  }
  ReadLedger(cause);
  if (before_apply.has_value() && rows_.contains(*applied_to)) {
    Judge(AuditProof(*before_apply, rows_.at(*applied_to), cause.apply->transition));
  }
  CheckHolders();
}

void Auditor::ReadLedger(const Cause& cause) {
  std::map<CallerKey, SubmissionId> named;
  c_.store->Look([&](const FakeTables& tables) {
    for (auto it = rows_.begin(); it != rows_.end();) {
      if (tables.submissions.contains(it->first)) {
        ++it;
      } else {
        OnGone(it->second, cause);
        it = rows_.erase(it);
      }
    }
    for (const auto& [id, submission] : tables.submissions) {
      const auto known = rows_.find(id);
      const Row* const before = known == rows_.end() ? nullptr : &known->second;
      if (before != nullptr && before->submission.revision == submission.revision) {
        continue;
      }
      Row after{.submission = submission};
      if (const auto attempts = tables.attempts.find(id); attempts != tables.attempts.end()) {
        after.attempts = attempts->second;
      }
      after.resends = before == nullptr ? 0 : before->resends;
      for (auto it = tables.events.at(id).rbegin();
           it != tables.events.at(id).rend() &&
           (before == nullptr || it->revision > before->submission.revision);
           ++it) {
        c_.coverage->Saw(absl::StrCat("event ", it->type));
        after.resends += it->type == "resent" ? 1 : 0;
      }
      OnRow(before, after, cause);
      rows_[id] = std::move(after);
    }
    for (const auto& [key, id] : tables.request_ids) {
      named[{std::get<0>(key), std::get<2>(key)}] = id;
    }
  });
  CheckRequestIds(named);
}

// Only what finished long ago may be deleted, and never what is unknown.
void Auditor::OnGone(const Row& row, const Cause& cause) {
  c_.coverage->Saw("a purge");
  purged_.insert(row.submission.id);
  const Submission& s = row.submission;
  const bool finished =
      s.state == kSubmitted || s.state == kFailed || s.state == kCancelled || s.state == kAbandoned;
  if (cause.call != "Purge" || !finished || s.update_time + kRetention > c_.loop->now()) {
    Broke(Rule::kUnknownStaysUnknown, absl::StrCat(Text(s), ": deleted"));
  }
}

// With the row as it was still in rows_.
void Auditor::OnRow(const Row* before, const Row& after, const Cause& cause) {
  c_.trace->Note(c_.loop->now(),
                 absl::StrCat("  ", View(cause.call), ": ", Text(after.submission)));
  c_.coverage->Saw(absl::StrCat("state ", View(SubmissionStateName(after.submission.state))));
  Judge(AuditRowChange(before, after, cause, c_.options->rules, c_.loop->now()));
  CheckTruth(after);
}

void Auditor::CheckHolders() {
  std::map<std::tuple<std::string, RequestHash>, SubmissionId> holders;
  for (const auto& [id, row] : rows_) {
    const Submission& s = row.submission;
    if (s.holds_hash && !holders.emplace(std::tuple(s.scope.tenant, s.request_hash), id).second) {
      Broke(Rule::kOneHolder, absl::StrCat(id.value(), ": a second holder of its hash"));
    }
  }
}

void Auditor::CheckRequestIds(const std::map<CallerKey, SubmissionId>& named) {
  for (auto it = request_ids_.begin(); it != request_ids_.end();) {
    if (named.contains(it->first)) {
      ++it;
      continue;
    }
    if (rows_.contains(it->second)) {
      Broke(Rule::kRequestIdNamesOne, absl::StrCat(it->first.request_id, " was forgotten"));
    }
    ever_named_.erase(it->first);
    it = request_ids_.erase(it);
  }
  for (const auto& [key, id] : named) {
    const auto known = request_ids_.find(key);
    if (known != request_ids_.end() && known->second == id) {
      continue;
    }
    if (known != request_ids_.end() && (!rows_.contains(known->second) ||
                                        rows_.at(known->second).submission.superseded_by != id)) {
      Broke(Rule::kRequestIdNamesOne, absl::StrCat(key.request_id, " moved from ",
                                                   known->second.value(), " to ", id.value()));
    }
    ever_named_[key].insert(id);
    request_ids_[key] = id;
  }
}

// The formula of DESIGN.md section 3.
void Auditor::CheckTruth(const Row& row) {
  const Submission& s = row.submission;
  const std::vector<PostRecord>& posts = c_.truth->PostsOf(s.id);
  int accepted = 0;
  for (const PostRecord& post : posts) {
    if (!post.accepted) {
      continue;
    }
    ++accepted;
    const auto attempt = row.attempts.find(post.attempt);
    const bool open =
        attempt != row.attempts.end() && (attempt->second.outcome == AttemptOutcome::kInFlight ||
                                          attempt->second.outcome == AttemptOutcome::kAmbiguous);
    if (!open && s.state != kOutcomeUnknown && s.state != kAbandoned &&
        !Has(row, post.task_ids.front())) {
      Broke(Rule::kAudit, absl::StrCat(Text(s), ": ", post.task_ids.front().value(),
                                       " was accepted and is not in the ledger"));
    }
  }
  if (static_cast<int>(posts.size()) > s.upstream_posts_sent) {
    Broke(Rule::kAudit, absl::StrCat(Text(s), ": ", posts.size(), " bodies received, ",
                                     s.upstream_posts_sent, " sent"));
  }
  if (accepted < s.charges_min || accepted > s.charges_max) {
    Broke(Rule::kAudit, absl::StrCat(Text(s), ": ", accepted, " accepted"));
  }
}

void Auditor::OnArrived(const SubmissionId& id) {
  const auto row = rows_.find(id);
  if (row == rows_.end()) {
    Broke(Rule::kNoPostWithoutCommit, absl::StrCat(id.value(), ": posted, and not in the ledger"));
    return;
  }
  CheckTruth(row->second);
}

void Auditor::OnStartConfirmed(Owner process, const SubmissionId& id, int32_t attempt) {
  confirmed_[process].emplace(id, attempt);
}

int32_t Auditor::OnPost(Owner process, const SubmissionId& id, absl::Time asked) {
  std::multiset<AttemptKey>& confirmed = confirmed_[process];
  const auto row = rows_.find(id);
  for (auto it = confirmed.lower_bound({id, 0}); it != confirmed.end() && it->first == id; ++it) {
    const int32_t attempt = it->second;
    if (row != rows_.end() && row->second.attempts.at(attempt).start_time >= asked) {
      confirmed.erase(it);
      return attempt;
    }
  }
  Broke(Rule::kNoPostWithoutCommit,
        absl::StrCat(id.value(), ": posted without a commit that its replica knows of"));
  return 0;
}

void Auditor::OnProof(Owner process, const SubmissionId& id, int32_t attempt) {
  proofs_[process].emplace(id, attempt);
}

void Auditor::OnCrash(Owner process, const std::set<AttemptKey>& on_disk) {
  confirmed_.erase(process);
  proofs_[process] = on_disk;
}

void Auditor::CheckWhoIsAnswered(uint64_t call) {
  if (hanging_up_.has_value() && *hanging_up_ != call) {
    Broke(Rule::kWorkBelongsToRow,
          absl::StrCat("call ", call, " ended when the caller of ", *hanging_up_, " hung up"));
  }
}

void Auditor::CheckNamed(const CallerKey& key, const SubmissionId& answer) {
  const auto named = ever_named_.find(key);
  if (!key.request_id.empty() && named != ever_named_.end() && !named->second.contains(answer)) {
    Broke(Rule::kRequestIdNamesOne, absl::StrCat(key.request_id, " was answered with ",
                                                 answer.value(), ", which it does not name"));
  }
}

void Auditor::OnAnswer(uint64_t call, const CallerKey& key, const Submission& answer) {
  CheckWhoIsAnswered(call);
  const auto row = rows_.find(answer.id);
  const bool committed = row != rows_.end() && row->second.submission.revision >= answer.revision &&
                         (answer.task_id.empty() || Has(row->second, answer.task_id));
  if (!committed && !purged_.contains(answer.id)) {
    Broke(Rule::kNoAnswerBeforeCommit,
          absl::StrCat(Text(answer), ": answered before it was committed"));
  }
  CheckNamed(key, answer.id);
}

void Auditor::OnRefused(uint64_t call, const CallerKey& key, const absl::Status& status) {
  CheckWhoIsAnswered(call);
  const std::optional<ErrorDetails> details = GetErrorDetails(status);
  if (!details.has_value()) {
    Broke(Rule::kAudit, absl::StrCat("call ", call, " was answered ", status.ToString()));
    return;
  }
  c_.coverage->Saw(absl::StrCat("error ", View(ErrorReasonName(details->reason))));
  for (const auto& [name, value] : details->metadata) {
    if (name == "submission_id" && !value.empty()) {
      CheckNamed(key, SubmissionId(value));
    }
  }
}

void Auditor::OnWriteAsked(std::string_view call) {
  if (hanging_up_.has_value()) {
    Broke(Rule::kWorkBelongsToRow,
          absl::StrCat(View(call), " because the caller of ", *hanging_up_, " hung up"));
  }
}

void Auditor::CheckRestOf(const Row& row) {
  const Submission& s = row.submission;
  const absl::Time late = c_.loop->now() - kRestSlack;
  if (s.state == kPending && std::min(s.submit_deadline_time, s.next_attempt_time) < late) {
    Broke(Rule::kLiveness, absl::StrCat(Text(s), ": still waits"));
  }
  if (s.state == kDispatching && s.lease_expire_time < late) {
    Broke(Rule::kLiveness, absl::StrCat(Text(s), ": its lease was never ended"));
  }
  if (s.state == kOutcomeUnknown && s.next_attempt_time != absl::InfinitePast() &&
      s.next_attempt_time < late) {
    Broke(Rule::kLiveness, absl::StrCat(Text(s), ": its policy never acted"));
  }
}

void Auditor::CheckAtRest() {
  for (const auto& [id, row] : rows_) {
    CheckRestOf(row);
    CheckTruth(row);
  }
  for (const auto& [process, proofs] : proofs_) {
    for (const auto& [id, attempt] : proofs) {
      // What is purged was at its end long before.
      if (rows_.contains(id) &&
          rows_.at(id).attempts.at(attempt).outcome != AttemptOutcome::kAccepted) {
        Broke(Rule::kFencedButProofsKept,
              absl::StrCat(id.value(), ": the proof of attempt ", attempt, " never landed"));
      }
    }
  }
}

}  // namespace genledger::simulation
