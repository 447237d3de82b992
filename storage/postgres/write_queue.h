// The writes that wait, shared by all writers.
#pragma once

#include <cstddef>
#include <memory>
#include <unordered_set>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "storage/postgres/write_command.h"

namespace genledger::postgres {

// Thread safe. Bounded: what does not fit is answered UNAVAILABLE.
class WriteQueue {
 public:
  using Group = std::vector<std::unique_ptr<WriteCommand>>;

  // A group, and what it has taken from others for as long as it is out.
  struct Taken {
    Group commands;
    std::vector<size_t> touches;
    bool alone = false;
  };

  WriteQueue(size_t group_max, size_t depth_max) : group_max_(group_max), depth_max_(depth_max) {}

  // Answers the command itself if it cannot be queued.
  void Enqueue(std::unique_ptr<WriteCommand> command);
  // Blocks until there is a group that touches nothing of those that are out; empty once the queue
  // is closed and drained. Commands that touch the same keep their order. While groups are out, few
  // commands wait a moment for more: a group costs the server much more than a command in it.
  Taken Take();
  // It is done: what it touched is free again.
  void Release(const Taken& taken);
  // Of a writer without a connection: gives the group back to its place, for those that have one,
  // and stands back for a while. False if no writer has one, or the queue is closed: nobody else
  // will take the group.
  bool LeaveToOthers(Taken& taken);
  // Whether a writer has a connection, and had one when it last told.
  void CountConnection(bool is_open, bool& was_open);
  // No more is let in.
  void Close();

 private:
  void Free(const Taken& taken) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool IsWorthAGroup() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  Taken Collect() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const size_t group_max_;
  const size_t depth_max_;
  absl::Mutex mu_;
  Group waiting_ ABSL_GUARDED_BY(mu_);
  std::unordered_set<size_t> touched_ ABSL_GUARDED_BY(mu_);  // by groups that are out
  size_t groups_out_ ABSL_GUARDED_BY(mu_) = 0;               // but for those that are alone
  bool changed_ ABSL_GUARDED_BY(mu_) = false;                // since somebody last looked in vain
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
  int connected_ ABSL_GUARDED_BY(mu_) = 0;  // writers that had a connection when they last told
};

}  // namespace genledger::postgres
