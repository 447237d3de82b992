// Runs callers' callbacks away from the writers: they cost more than a row does.
#pragma once

#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "storage/postgres/write_queue.h"

namespace genledger::postgres {

// Commands whose fate is the same.
struct CompletedGroup {
  WriteQueue::Group commands;
  // Not OK: none of them happened, or nobody knows.
  absl::Status failure;
};

// Thread safe.
class CompletionThread {
 public:
  CompletionThread();
  // Answers what is left first.
  ~CompletionThread();
  CompletionThread(const CompletionThread&) = delete;
  CompletionThread& operator=(const CompletionThread&) = delete;

  void Post(CompletedGroup group);

 private:
  void Loop();

  absl::Mutex mu_;
  std::vector<CompletedGroup> waiting_ ABSL_GUARDED_BY(mu_);
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace genledger::postgres
