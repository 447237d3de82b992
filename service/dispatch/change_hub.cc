#include "service/dispatch/change_hub.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace genledger {

ChangeHub::~ChangeHub() { Drain(); }

ChangeHub::WaiterId ChangeHub::Wait(Submission seen, absl::Time deadline, Predicate until,
                                    Done done) {
  auto waiter = std::make_unique<Waiter>();
  waiter->seen = std::move(seen);
  waiter->until = std::move(until);
  waiter->done = std::move(done);
  WaiterId id = 0;
  bool draining = false;
  {
    absl::MutexLock lock(&mu_);
    id = ++last_id_;
    draining = draining_;
    if (!draining) {
      by_submission_[waiter->seen.id].push_back(id);
      // Under the lock, so that the timer cannot fire before the waiter is there to be found; the
      // queue never calls back from At.
      waiter->timer = timers_->At(deadline, [this, id] { Release(id); });
      waiters_.emplace(id, std::move(waiter));
    }
  }
  if (draining) {                           // then it was not given away above
    waiter->done(std::move(waiter->seen));  // NOLINT(bugprone-use-after-move)
  }
  return id;
}

std::unique_ptr<ChangeHub::Waiter> ChangeHub::Take(WaiterId id) {
  const auto it = waiters_.find(id);
  if (it == waiters_.end()) {
    return nullptr;
  }
  std::unique_ptr<Waiter> waiter = std::move(it->second);
  waiters_.erase(it);
  const auto ids = by_submission_.find(waiter->seen.id);
  ids->second.erase(std::find(ids->second.begin(), ids->second.end(), id));
  if (ids->second.empty()) {
    by_submission_.erase(ids);
  }
  return waiter;
}

void ChangeHub::Answer(std::unique_ptr<Waiter> waiter) {
  if (waiter != nullptr) {
    timers_->Cancel(waiter->timer);
    waiter->done(std::move(waiter->seen));
  }
}

void ChangeHub::Release(WaiterId id) {
  std::unique_ptr<Waiter> waiter;
  {
    absl::MutexLock lock(&mu_);
    waiter = Take(id);
  }
  Answer(std::move(waiter));
}

void ChangeHub::Publish(const Submission& submission) {
  std::vector<std::unique_ptr<Waiter>> satisfied;
  {
    absl::MutexLock lock(&mu_);
    const auto it = by_submission_.find(submission.id);
    if (it == by_submission_.end()) {
      return;
    }
    const std::vector<WaiterId> ids = it->second;
    for (const WaiterId id : ids) {
      Waiter& waiter = *waiters_.at(id);
      if (submission.revision <= waiter.seen.revision) {
        continue;
      }
      waiter.seen = submission;
      if (waiter.until(submission)) {
        satisfied.push_back(Take(id));
      }
    }
  }
  for (std::unique_ptr<Waiter>& waiter : satisfied) {
    Answer(std::move(waiter));
  }
}

std::vector<SubmissionId> ChangeHub::Awaited(size_t limit,
                                             const std::vector<SubmissionId>* among) const {
  std::vector<SubmissionId> awaited;
  absl::MutexLock lock(&mu_);
  if (among != nullptr) {
    std::copy_if(among->begin(), among->end(), std::back_inserter(awaited),
                 [this](const SubmissionId& id)
                     ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return by_submission_.contains(id); });
    awaited.resize(std::min(awaited.size(), limit));
    return awaited;
  }
  for (const auto& [id, waiters] : by_submission_) {
    if (awaited.size() == limit) {
      break;
    }
    awaited.push_back(id);
  }
  return awaited;
}

void ChangeHub::Drain() {
  std::unordered_map<WaiterId, std::unique_ptr<Waiter>> left;
  {
    absl::MutexLock lock(&mu_);
    draining_ = true;
    left.swap(waiters_);
    by_submission_.clear();
  }
  for (auto& [id, waiter] : left) {
    Answer(std::move(waiter));
  }
}

bool ChangeHub::draining() const {
  absl::MutexLock lock(&mu_);
  return draining_;
}

size_t ChangeHub::waiter_count() const {
  absl::MutexLock lock(&mu_);
  return waiters_.size();
}

}  // namespace genledger
