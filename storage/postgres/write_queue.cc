#include "storage/postgres/write_queue.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "service/base/errors.h"

namespace genledger::postgres {

void WriteQueue::Enqueue(std::unique_ptr<WriteCommand> command) {
  std::string_view refusal;
  {
    absl::MutexLock lock(&mu_);
    if (!closed_ && waiting_.size() < depth_max_) {
      waiting_.push_back(std::move(command));
      changed_ = true;
      return;
    }
    refusal = closed_ ? "the store is closed" : "the store's write queue is full";
  }
  command->Answer(errors::StoreUnavailable(refusal));
}

WriteQueue::Group WriteQueue::Collect() {
  Group group;
  Group left;
  // Also what is passed over: a later command must not overtake it.
  std::unordered_set<size_t> blocked = touched_;
  for (std::unique_ptr<WriteCommand>& command : waiting_) {
    const WritePlan& plan = command->plan();
    const bool is_free = std::none_of(plan.touches.begin(), plan.touches.end(),
                                      [&](size_t key) { return blocked.contains(key); });
    const bool fits =
        group.empty() || (!plan.alone && !group.front()->plan().alone && group.size() < group_max_);
    if (is_free && fits) {
      touched_.insert(plan.touches.begin(), plan.touches.end());
      group.push_back(std::move(command));
    } else {
      blocked.insert(plan.touches.begin(), plan.touches.end());
      left.push_back(std::move(command));
    }
  }
  waiting_ = std::move(left);
  return group;
}

WriteQueue::Group WriteQueue::Take() {
  const auto worth_a_look = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return changed_ || (closed_ && waiting_.empty());
  };
  absl::MutexLock lock(&mu_);
  while (true) {
    mu_.Await(absl::Condition(&worth_a_look));
    if (waiting_.empty() && closed_) {
      return {};
    }
    Group group = Collect();
    if (!group.empty()) {
      changed_ = !waiting_.empty();
      return group;
    }
    changed_ = false;
  }
}

void WriteQueue::Release(const Group& group) {
  absl::MutexLock lock(&mu_);
  for (const std::unique_ptr<WriteCommand>& command : group) {
    for (const size_t key : command->plan().touches) {
      touched_.erase(key);
    }
  }
  changed_ = true;
}

void WriteQueue::Close() {
  absl::MutexLock lock(&mu_);
  closed_ = true;
  changed_ = true;
}

}  // namespace genledger::postgres
