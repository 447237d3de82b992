#include "tests/simulation/event_loop.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace genledger::simulation {

EventLoop::Id EventLoop::At(absl::Time when, Owner owner, std::string_view what,
                            Callback callback) {
  const Id id = ++last_id_;
  if (dead_.contains(owner)) {
    return id;
  }
  const Key key{.when = std::max(when, now_), .tie = dice_->Next64(), .id = id};
  keys_.emplace(id, key);
  events_.emplace(key, Event{.owner = owner, .what = what, .callback = std::move(callback)});
  return id;
}

bool EventLoop::Cancel(Id id) {
  const auto found = keys_.find(id);
  if (found == keys_.end()) {
    return false;
  }
  const auto event = events_.find(found->second);
  keys_.erase(found);
  // What the callback owns may ask this loop for something when it goes.
  const Callback dropped = std::move(event->second.callback);
  events_.erase(event);
  return true;
}

void EventLoop::Drop(Owner owner) {
  std::vector<Callback> dropped;
  for (auto it = events_.begin(); it != events_.end();) {
    if (it->second.owner != owner) {
      ++it;
      continue;
    }
    dropped.push_back(std::move(it->second.callback));
    keys_.erase(it->first.id);
    it = events_.erase(it);
  }
  held_back_.erase(owner);
  dead_.insert(owner);
}

void EventLoop::HoldBack(Owner owner, absl::Time until) {
  absl::Time& present = held_back_.try_emplace(owner, until).first->second;
  present = std::max(present, until);
}

bool EventLoop::RunNext() {
  while (!events_.empty()) {
    const auto first = events_.begin();
    const Key key = first->first;
    Event event = std::move(first->second);
    events_.erase(first);
    const auto held = held_back_.find(event.owner);
    if (held != held_back_.end() && held->second > key.when) {
      const Key later{.when = held->second, .tie = ++last_held_, .id = key.id};
      keys_[key.id] = later;
      events_.emplace(later, std::move(event));
      continue;
    }
    keys_.erase(key.id);
    now_ = std::max(now_, key.when);
    trace_->Note(now_, absl::StrCat(event.owner, " ",
                                    absl::string_view(event.what.data(), event.what.size())));
    event.callback();
    return true;
  }
  return false;
}

absl::Time EventLoop::next_time() const {
  return events_.empty() ? absl::InfiniteFuture() : events_.begin()->first.when;
}

}  // namespace genledger::simulation
