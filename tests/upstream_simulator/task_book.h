// The tasks that the simulated upstream has made, and what its status route says of each.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/time/time.h"
#include "tests/upstream_simulator/task_life.h"

namespace genledger {

// Not thread safe.
class TaskBook {
 public:
  struct Status {
    int http_status = 200;
    std::string body;
  };

  // Keeps the newest `tasks_max` tasks (ids grow with time); an older one is forgotten.
  explicit TaskBook(size_t tasks_max) : tasks_max_(tasks_max) {}

  // `life` is shared by many tasks; never null.
  void Add(const std::string& task_id, absl::Time created, std::shared_ptr<const TaskLife> life);

  // Gives a known task another life. False if it is unknown.
  bool SetLife(std::string_view task_id, std::shared_ptr<const TaskLife> life);

  // The answer of GET /v1/tasks/{task_id} at `now`: an unknown id is a 400.
  Status Tell(std::string_view task_id, absl::Time now) const;

  size_t size() const { return tasks_.size(); }
  // The newest ids, at most `limit`, oldest first.
  std::vector<std::string> Newest(size_t limit) const;

 private:
  struct Task {
    int64_t created_ms = 0;
    std::shared_ptr<const TaskLife> life;
  };

  const size_t tasks_max_;
  absl::btree_map<std::string, Task, std::less<>> tasks_;
};

}  // namespace genledger
