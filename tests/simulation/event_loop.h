// Simulated time: everything that will happen, in one queue that one thread empties.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string_view>
#include <unordered_map>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/trace.h"

namespace genledger::simulation {

// Whose event it is: events of a process die with it. 0 is the world itself, which outlives all.
using Owner = uint32_t;
inline constexpr Owner kWorld = 0;

// Time passes only from event to event. Events of one moment run in an order that the dice decide.
// Not thread safe.
class EventLoop {
 public:
  using Callback = absl::AnyInvocable<void()>;
  using Id = uint64_t;  // never 0

  // Both must outlive the loop.
  EventLoop(Dice* dice, Trace* trace) : dice_(dice), trace_(trace) {}

  absl::Time now() const { return now_; }

  // `what` names the event in the trace: a literal. A time in the past means now.
  Id At(absl::Time when, Owner owner, std::string_view what, Callback callback);
  Id After(absl::Duration delay, Owner owner, std::string_view what, Callback callback) {
    return At(now_ + delay, owner, what, std::move(callback));
  }

  // False if it has run, was dropped, or never was.
  bool Cancel(Id id);

  // Drops all events of `owner`, now and for ever: its process has died.
  void Drop(Owner owner);

  // Events of `owner` that are due before `until` run then, in their order: its process stands
  // still.
  void HoldBack(Owner owner, absl::Time until);
  void EndHoldBacks() { held_back_.clear(); }

  // Runs the next event and moves the time to it. False if there is none.
  bool RunNext();

  // When the next event is due; InfiniteFuture if there is none.
  absl::Time next_time() const;

  void Clear() { events_.clear(); }

 private:
  struct Key {
    absl::Time when;
    uint64_t tie = 0;
    Id id = 0;

    friend auto operator<=>(const Key& a, const Key& b) {
      if (a.when != b.when) {
        return a.when < b.when ? std::strong_ordering::less : std::strong_ordering::greater;
      }
      if (a.tie != b.tie) {
        return a.tie <=> b.tie;
      }
      return a.id <=> b.id;
    }
  };
  struct Event {
    Owner owner = kWorld;
    std::string_view what;
    Callback callback;
  };

  Dice* const dice_;
  Trace* const trace_;
  absl::Time now_ = StartTime();
  Id last_id_ = 0;
  uint64_t last_held_ = 0;
  std::map<Key, Event> events_;
  std::unordered_map<Id, Key> keys_;
  std::map<Owner, absl::Time> held_back_;
  std::set<Owner> dead_;

  // 2026-01-01T00:00:00Z.
  static absl::Time StartTime() { return absl::FromUnixSeconds(1'767'225'600); }
};

}  // namespace genledger::simulation
