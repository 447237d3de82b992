// Runs callers' callbacks away from the writer: they cost it more than a row does.
#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "storage/sqlite/write_command.h"

namespace genledger::sqlite {

// Commands whose fate is the same.
struct CompletedBatch {
  std::vector<std::unique_ptr<WriteCommand>> commands;
  // Not OK: none of them happened, or nobody knows.
  absl::Status failure;
};

// Thread safe. Answers in the order of commits.
class CompletionThread {
 public:
  CompletionThread();
  // Answers what is left first.
  ~CompletionThread();
  CompletionThread(const CompletionThread&) = delete;
  CompletionThread& operator=(const CompletionThread&) = delete;

  void Post(CompletedBatch batch);

 private:
  void Loop();

  absl::Mutex mu_;
  std::vector<CompletedBatch> waiting_ ABSL_GUARDED_BY(mu_);
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace genledger::sqlite
