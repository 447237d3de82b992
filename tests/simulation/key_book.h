// What the simulated upstream remembers of Idempotency-Keys while it honours them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "service/base/ids.h"

namespace genledger::simulation {

// Keys count per credential and are forgotten kKept after their first use. Not thread safe.
class KeyBook {
 public:
  static constexpr absl::Duration kKept = absl::Hours(24);

  enum class Verdict : uint8_t {
    kNew,            // nobody used the key: it is in work from now on
    kInWork,         // an earlier POST with the same body is still being worked on
    kReplay,         // one was accepted
    kReused,         // another body has used it
    kIndeterminate,  // the upstream has lost what became of it
  };
  using Key = std::pair<std::string, std::string>;  // credential, Idempotency-Key

  Verdict Begin(const Key& key, const std::string& body, absl::Time now) {
    auto found = entries_.find(key);
    if (found != entries_.end() && !found->second.in_work && now - found->second.first >= kKept) {
      entries_.erase(found);
      found = entries_.end();
    }
    if (found == entries_.end()) {
      entries_[key] = {.body = body, .first = now, .in_work = true};
      return Verdict::kNew;
    }
    const Entry& entry = found->second;
    if (entry.body != body) {
      return Verdict::kReused;
    }
    if (entry.in_work) {
      return Verdict::kInWork;
    }
    return entry.lost ? Verdict::kIndeterminate : Verdict::kReplay;
  }

  // The work behind the key is done. Without a task its POST was not accepted, and the key is
  // unused again.
  void Finish(const Key& key, std::vector<TaskId> task_ids, bool lost) {
    if (task_ids.empty() && !lost) {
      entries_.erase(key);
      return;
    }
    Entry& entry = entries_.at(key);
    entry.in_work = false;
    entry.lost = lost;
    entry.task_ids = std::move(task_ids);
  }

  const std::vector<TaskId>& TasksOf(const Key& key) const { return entries_.at(key).task_ids; }

 private:
  struct Entry {
    std::string body;
    absl::Time first;
    bool in_work = false;
    bool lost = false;
    std::vector<TaskId> task_ids;
  };

  std::map<Key, Entry> entries_;
};

}  // namespace genledger::simulation
