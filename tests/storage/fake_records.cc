#include "tests/storage/fake_records.h"

#include <algorithm>
#include <utility>

namespace genledger {
namespace {

template <typename Map, typename Key>
auto Lookup(const Map& map, const Key& key) -> std::optional<typename Map::mapped_type> {
  const auto found = map.find(key);
  return found == map.end() ? std::nullopt : std::make_optional(found->second);
}

template <typename Map, typename Undo>
void Restore(Map& map, const Undo& undo) {
  for (auto entry = undo.rbegin(); entry != undo.rend(); ++entry) {
    if (entry->second.has_value()) {
      map[entry->first] = *entry->second;
    } else {
      map.erase(entry->first);
    }
  }
}

// Those that fit, in the order of `key`, at most `limit`.
template <typename Fits, typename Key>
std::vector<Submission> Select(const FakeTables& tables, int32_t limit, Fits fits, Key key) {
  std::vector<Submission> found;
  for (const auto& [id, submission] : tables.submissions) {
    if (fits(submission)) {
      found.push_back(submission);
    }
  }
  std::stable_sort(found.begin(), found.end(),
                   [&](const Submission& a, const Submission& b) { return key(a) < key(b); });
  found.resize(std::min(found.size(), static_cast<size_t>(std::max(limit, 0))));
  return found;
}

FakeTables::HashKey HashKeyOf(const Submission& s) {
  return {s.scope.tenant, s.scope.upstream_account, s.hash_version, s.request_hash};
}

bool IsPending(const Submission& s) { return s.state == SubmissionState::kPending; }

bool IsDue(const Submission& s, absl::Time now) {
  const bool acts =
      s.state == SubmissionState::kOutcomeUnknown && s.next_attempt_time != absl::InfinitePast();
  return (IsPending(s) || acts) && s.next_attempt_time <= now;
}

}  // namespace

void FakeTransaction::RollBack() {
  for (const auto& [id, before] : undo_) {
    if (!before.submission.has_value()) {
      tables_->submissions.erase(id);
      tables_->attempts.erase(id);
      tables_->events.erase(id);
      continue;
    }
    tables_->submissions[id] = *before.submission;
    tables_->attempts[id] = before.attempts;
    tables_->events[id] = before.events;
  }
  if (tombstones_undo_.has_value()) {
    tables_->tombstones = *std::move(tombstones_undo_);
  }
  Restore(tables_->request_ids, request_id_undo_);
  Restore(tables_->hash_holds, hash_undo_);
  Restore(tables_->abandoned, abandoned_undo_);
  Restore(tables_->detached, detached_undo_);
}

absl::StatusOr<RequestIdMatch> FakeTransaction::FindByRequestId(const Scope& scope,
                                                                const std::string& request_id) {
  const auto id = Lookup(tables_->request_ids,
                         std::make_tuple(scope.tenant, scope.upstream_account, request_id));
  RequestIdMatch match;
  if (id.has_value()) {
    match.submission = Lookup(tables_->submissions, *id);
    match.tombstone = !match.submission.has_value();
    match.detached =
        Lookup(tables_->detached, std::make_tuple(scope.tenant, scope.upstream_account, request_id))
            .value_or(false);
  }
  return match;
}

absl::StatusOr<std::optional<Submission>> FakeTransaction::FindByHash(const Scope& scope,
                                                                      int32_t hash_version,
                                                                      const RequestHash& hash) {
  const auto id = Lookup(tables_->hash_holds,
                         std::make_tuple(scope.tenant, scope.upstream_account, hash_version, hash));
  if (!id.has_value()) {
    return std::nullopt;
  }
  return FindById(*id);
}

absl::StatusOr<std::optional<Submission>> FakeTransaction::FindById(const SubmissionId& id) {
  return Lookup(tables_->submissions, id);
}

absl::StatusOr<std::optional<Submission>> FakeTransaction::FindAbandoned(const Scope& scope,
                                                                         int32_t hash_version,
                                                                         const RequestHash& hash) {
  const auto id = Lookup(tables_->abandoned,
                         std::make_tuple(scope.tenant, scope.upstream_account, hash_version, hash));
  if (!id.has_value()) {
    return std::nullopt;
  }
  return FindById(*id);
}

bool FakeTransaction::HasTask(const SubmissionId& id, const TaskId& task_id) const {
  const std::map<int32_t, Attempt>& attempts = tables_->attempts[id];
  return std::any_of(attempts.begin(), attempts.end(), [&](const auto& entry) {
    const std::vector<TaskId>& ids = entry.second.task_ids;
    return std::find(ids.begin(), ids.end(), task_id) != ids.end();
  });
}

absl::StatusOr<std::optional<Submission>> FakeTransaction::FindByTaskId(
    const std::optional<std::string>& tenant, const TaskId& task_id) {
  for (const auto& [id, submission] : tables_->submissions) {
    if ((!tenant.has_value() || submission.scope.tenant == *tenant) && HasTask(id, task_id)) {
      return submission;
    }
  }
  return std::nullopt;
}

absl::StatusOr<std::optional<Submission>> FakeTransaction::FindTaskOwner(
    const std::string& upstream_account, const TaskId& task_id) {
  for (const auto& [id, submission] : tables_->submissions) {
    if (submission.scope.upstream_account == upstream_account && HasTask(id, task_id)) {
      return submission;
    }
  }
  return std::nullopt;
}

absl::StatusOr<int64_t> FakeTransaction::CountInAccount(const std::string& upstream_account,
                                                        SubmissionState state) {
  return std::count_if(tables_->submissions.begin(), tables_->submissions.end(),
                       [&](const auto& entry) {
                         const Submission& s = entry.second;
                         return s.state == state && s.scope.upstream_account == upstream_account;
                       });
}

absl::StatusOr<int64_t> FakeTransaction::CountInScope(const Scope& scope, SubmissionState state) {
  return std::count_if(tables_->submissions.begin(), tables_->submissions.end(),
                       [&](const auto& entry) {
                         return entry.second.state == state && entry.second.scope == scope;
                       });
}

absl::StatusOr<std::vector<Attempt>> FakeTransaction::FindAttempts(const SubmissionId& id) {
  std::vector<Attempt> attempts;
  for (const auto& [number, attempt] : tables_->attempts[id]) {
    attempts.push_back(attempt);
  }
  return attempts;
}

absl::StatusOr<std::vector<Submission>> FakeTransaction::FindOutOfTime(absl::Time now,
                                                                       int32_t limit) {
  return Select(
      *tables_, limit,
      [&](const Submission& s) { return IsPending(s) && s.submit_deadline_time <= now; },
      [](const Submission& s) { return s.submit_deadline_time; });
}

absl::StatusOr<std::vector<DueTenant>> FakeTransaction::FindDueTenants(
    const std::string& upstream_account, absl::Time now, int32_t limit) {
  std::map<std::string, std::pair<DueTenant, absl::Time>> tenants;
  for (const auto& [id, s] : tables_->submissions) {
    if (s.scope.upstream_account == upstream_account && IsDue(s, now)) {
      auto& [tenant, earliest] =
          tenants.try_emplace(s.scope.tenant, DueTenant(), absl::InfiniteFuture()).first->second;
      tenant.tenant = s.scope.tenant;
      tenant.waiting = std::min<int64_t>(tenant.waiting + 1, limit);
      earliest = std::min(earliest, s.next_attempt_time);
    }
  }
  using Place = std::tuple<int64_t, int64_t, absl::Time, std::string>;
  std::map<Place, DueTenant> ordered;
  for (auto& [name, entry] : tenants) {
    const Scope scope{.tenant = name, .upstream_account = upstream_account};
    DueTenant& tenant = entry.first;
    tenant.in_flight = CountInScope(scope, SubmissionState::kDispatching).value();
    const int64_t last_claim =
        Lookup(tables_->last_claims, std::pair(name, upstream_account)).value_or(0);
    ordered.emplace(Place(tenant.in_flight, last_claim, entry.second, name), tenant);
  }
  std::vector<DueTenant> found;
  for (const auto& [place, tenant] : ordered) {
    if (found.size() < static_cast<size_t>(limit)) {
      found.push_back(tenant);
    }
  }
  return found;
}

absl::StatusOr<std::vector<Submission>> FakeTransaction::FindDue(const Scope& scope, absl::Time now,
                                                                 int32_t limit) {
  return Select(
      *tables_, limit, [&](const Submission& s) { return s.scope == scope && IsDue(s, now); },
      [](const Submission& s) { return s.next_attempt_time; });
}

absl::StatusOr<std::vector<Submission>> FakeTransaction::FindUnknownDue(
    const std::string& upstream_account, AmbiguityPolicy policy, absl::Time now, int32_t limit) {
  return Select(
      *tables_, limit,
      [&](const Submission& s) {
        return s.state == SubmissionState::kOutcomeUnknown && s.ambiguity_policy == policy &&
               s.scope.upstream_account == upstream_account && IsDue(s, now);
      },
      [](const Submission& s) { return s.next_attempt_time; });
}

absl::StatusOr<std::vector<Submission>> FakeTransaction::FindLeases(absl::Time ended_by,
                                                                    int32_t limit) {
  return Select(
      *tables_, limit,
      [&](const Submission& s) {
        return s.state == SubmissionState::kDispatching && s.lease_expire_time <= ended_by;
      },
      [](const Submission& s) { return s.lease_expire_time; });
}

absl::StatusOr<absl::Time> FakeTransaction::NextDueTime(const std::string& upstream_account) {
  absl::Time next = absl::InfiniteFuture();
  for (const auto& [id, s] : tables_->submissions) {
    const bool ours = s.scope.upstream_account == upstream_account;
    if (IsPending(s)) {
      next = std::min(next, s.submit_deadline_time);
    }
    if (s.state == SubmissionState::kDispatching) {
      next = std::min(next, s.lease_expire_time);
    }
    const bool waits = IsPending(s) || (s.state == SubmissionState::kOutcomeUnknown &&
                                        s.next_attempt_time != absl::InfinitePast());
    if (ours && waits) {
      next = std::min(next, s.next_attempt_time);
    }
  }
  return next;
}

void FakeTransaction::RememberForUndo(const SubmissionId& id) {
  if (undo_.contains(id)) {
    return;
  }
  Undo before{.submission = Lookup(tables_->submissions, id)};
  if (before.submission.has_value()) {
    before.attempts = tables_->attempts[id];
    before.events = tables_->events[id];
  }
  undo_.emplace(id, std::move(before));
}

absl::Status FakeTransaction::MoveHashHold(const std::optional<Submission>& before,
                                           const Submission& after) {
  const bool held = before.has_value() && before->holds_hash;
  if (held == after.holds_hash) {
    return absl::OkStatus();
  }
  const FakeTables::HashKey key = HashKeyOf(after);
  const std::optional<SubmissionId> holder = Lookup(tables_->hash_holds, key);
  if (holder.has_value() != held || (held && *holder != after.id)) {
    return absl::InternalError("a hash hold that is not as its submission says");
  }
  hash_undo_.emplace_back(key, holder);
  if (after.holds_hash) {
    tables_->hash_holds[key] = after.id;
  } else {
    tables_->hash_holds.erase(key);
  }
  return absl::OkStatus();
}

void FakeTransaction::MoveAbandoned(const Submission& before, const Submission& after) {
  const bool was = before.state == SubmissionState::kAbandoned;
  const bool is = after.state == SubmissionState::kAbandoned;
  if (was == is || after.dedupe_mode != DedupeMode::kContent) {
    return;
  }
  const FakeTables::HashKey key = HashKeyOf(after);
  const std::optional<SubmissionId> present = Lookup(tables_->abandoned, key);
  abandoned_undo_.emplace_back(key, present);
  if (is) {
    tables_->abandoned[key] = after.id;
  } else if (present == after.id) {
    tables_->abandoned.erase(key);
  }
}

void FakeTransaction::NoteClaimed(const Submission& after) {
  if (after.state == SubmissionState::kDispatching) {
    tables_->last_claims[{after.scope.tenant, after.scope.upstream_account}] = ++tables_->claims;
  }
}

void FakeTransaction::WriteParts(const Change& change) {
  const SubmissionId& id = change.submission.id;
  for (const Attempt& attempt : change.attempts) {
    tables_->attempts[id][attempt.number] = attempt;
  }
  std::vector<SubmissionEvent>& events = tables_->events[id];
  events.insert(events.end(), change.events.begin(), change.events.end());
}

absl::Status FakeTransaction::Insert(const Change& change) {
  const Submission& submission = change.submission;
  if (tables_->submissions.contains(submission.id)) {
    return absl::InternalError("an id is used twice");
  }
  RememberForUndo(submission.id);
  if (absl::Status status = MoveHashHold(std::nullopt, submission); !status.ok()) {
    return status;
  }
  tables_->submissions[submission.id] = submission;
  NoteClaimed(submission);
  WriteParts(change);
  return submission.request_id.empty()
             ? absl::OkStatus()
             : PointRequestId(submission.scope, submission.request_id, submission.id);
}

absl::Status FakeTransaction::Update(const Submission& before, const Change& change) {
  const std::optional<Submission> stored = Lookup(tables_->submissions, before.id);
  if (!stored.has_value() || stored->revision != before.revision) {
    return absl::InternalError("the update changed 0 rows instead of one");
  }
  RememberForUndo(before.id);
  if (absl::Status status = MoveHashHold(before, change.submission); !status.ok()) {
    return status;
  }
  MoveAbandoned(before, change.submission);
  if (before.state != change.submission.state) {
    NoteClaimed(change.submission);
  }
  tables_->submissions[before.id] = change.submission;
  WriteParts(change);
  return absl::OkStatus();
}

absl::Status FakeTransaction::PointRequestId(const Scope& scope, const std::string& request_id,
                                             const SubmissionId& names) {
  FakeTables::RequestIdKeyOf key(scope.tenant, scope.upstream_account, request_id);
  request_id_undo_.emplace_back(key, Lookup(tables_->request_ids, key));
  detached_undo_.emplace_back(key, Lookup(tables_->detached, key));
  tables_->detached.erase(key);
  tables_->request_ids[std::move(key)] = names;
  return absl::OkStatus();
}

absl::Status FakeTransaction::DetachRequestId(const Scope& scope, const std::string& request_id) {
  const FakeTables::RequestIdKeyOf key(scope.tenant, scope.upstream_account, request_id);
  detached_undo_.emplace_back(key, Lookup(tables_->detached, key));
  tables_->detached[key] = true;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Submission>> FakeTransaction::FindBehind(const SubmissionId& after,
                                                                    int32_t limit) {
  return Select(
      *tables_, limit, [&](const Submission& s) { return after < s.id; },
      [](const Submission& s) { return s.id; });
}

absl::StatusOr<std::vector<SubmissionEvent>> FakeTransaction::FindEvents(
    const Submission& submission) {
  return tables_->events[submission.id];
}

absl::Status FakeTransaction::Remove(const Submission& submission,
                                     const std::vector<Attempt>& /*attempts*/,
                                     const std::vector<std::string>& request_ids) {
  RememberForUndo(submission.id);
  Submission gone = submission;
  gone.holds_hash = false;
  if (absl::Status status = MoveHashHold(submission, gone); !status.ok()) {
    return status;
  }
  gone.state = SubmissionState::kCancelled;  // anything but ABANDONED
  MoveAbandoned(submission, gone);
  if (!tombstones_undo_.has_value()) {
    tombstones_undo_ = tables_->tombstones;
  }
  for (const std::string& request_id : request_ids) {
    const FakeTables::RequestIdKeyOf key(submission.scope.tenant, submission.scope.upstream_account,
                                         request_id);
    if (Lookup(tables_->request_ids, key) == submission.id) {
      tables_->tombstones.emplace(submission.update_time, key);
    }
  }
  tables_->submissions.erase(submission.id);
  tables_->attempts.erase(submission.id);
  tables_->events.erase(submission.id);
  return absl::OkStatus();
}

absl::StatusOr<int64_t> FakeTransaction::RemoveTombstones(absl::Time before, int32_t limit) {
  if (!tombstones_undo_.has_value()) {
    tombstones_undo_ = tables_->tombstones;
  }
  int64_t removed = 0;
  while (removed < limit && !tables_->tombstones.empty() &&
         tables_->tombstones.begin()->first < before) {
    const FakeTables::RequestIdKeyOf key = tables_->tombstones.begin()->second;
    request_id_undo_.emplace_back(key, Lookup(tables_->request_ids, key));
    tables_->request_ids.erase(key);
    tables_->tombstones.erase(tables_->tombstones.begin());
    ++removed;
  }
  return removed;
}

}  // namespace genledger
