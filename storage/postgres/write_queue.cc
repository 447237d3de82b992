#include "storage/postgres/write_queue.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "service/base/errors.h"

namespace genledger::postgres {
namespace {

// For each group that is out, so many commands must wait before another group goes…
constexpr size_t kWorthAGroup = 32;
// …or the first of them has waited this long: what is out may be slow.
constexpr absl::Duration kPatience = absl::Milliseconds(5);
// How long a writer without a connection stands back while others have one.
constexpr absl::Duration kStandBack = absl::Seconds(1);

}  // namespace

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

WriteQueue::Taken WriteQueue::Collect() {
  Taken taken;
  Group left;
  // Also what is passed over: a later command must not overtake it.
  std::unordered_set<size_t> blocked = touched_;
  for (std::unique_ptr<WriteCommand>& command : waiting_) {
    const WritePlan& plan = command->plan();
    const bool is_free = std::none_of(plan.touches.begin(), plan.touches.end(),
                                      [&](size_t key) { return blocked.contains(key); });
    const bool fits = taken.commands.empty() ||
                      (!plan.alone && !taken.alone && taken.commands.size() < group_max_);
    if (is_free && fits) {
      touched_.insert(plan.touches.begin(), plan.touches.end());
      taken.touches.insert(taken.touches.end(), plan.touches.begin(), plan.touches.end());
      taken.alone = plan.alone;
      taken.commands.push_back(std::move(command));
    } else {
      blocked.insert(plan.touches.begin(), plan.touches.end());
      left.push_back(std::move(command));
    }
  }
  waiting_ = std::move(left);
  return taken;
}

bool WriteQueue::IsWorthAGroup() const {
  return closed_ || waiting_.size() >= groups_out_ * kWorthAGroup ||
         (!waiting_.empty() && waiting_.front()->plan().alone);
}

WriteQueue::Taken WriteQueue::Take() {
  const auto worth_a_look = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return changed_ || (closed_ && waiting_.empty());
  };
  const auto worth_a_group = [this]()
                                 ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return IsWorthAGroup(); };
  absl::MutexLock lock(&mu_);
  while (true) {
    mu_.Await(absl::Condition(&worth_a_look));
    mu_.AwaitWithTimeout(absl::Condition(&worth_a_group), kPatience);
    if (waiting_.empty() && closed_) {
      return {};
    }
    Taken taken = Collect();
    if (!taken.commands.empty()) {
      groups_out_ += taken.alone ? 0 : 1;
      changed_ = !waiting_.empty();
      return taken;
    }
    changed_ = false;
  }
}

void WriteQueue::Free(const Taken& taken) {
  for (const size_t key : taken.touches) {
    touched_.erase(key);
  }
  groups_out_ -= taken.alone ? 0 : 1;
  changed_ = true;
}

void WriteQueue::Release(const Taken& taken) {
  absl::MutexLock lock(&mu_);
  Free(taken);
}

bool WriteQueue::LeaveToOthers(Taken& taken) {
  const auto alone = [this]()
                         ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return closed_ || connected_ == 0; };
  absl::MutexLock lock(&mu_);
  if (alone()) {
    return false;
  }
  // What waits and touches the same came later.
  waiting_.insert(waiting_.begin(), std::make_move_iterator(taken.commands.begin()),
                  std::make_move_iterator(taken.commands.end()));
  Free(taken);
  mu_.AwaitWithTimeout(absl::Condition(&alone), kStandBack);
  return true;
}

void WriteQueue::CountConnection(bool is_open, bool& was_open) {
  absl::MutexLock lock(&mu_);
  connected_ += static_cast<int>(is_open) - static_cast<int>(was_open);
  was_open = is_open;
}

void WriteQueue::Close() {
  absl::MutexLock lock(&mu_);
  closed_ = true;
  changed_ = true;
}

}  // namespace genledger::postgres
