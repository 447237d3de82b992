// The store in memory: the same shared operations over maps, held to the same conformance suite.
#pragma once

#include <memory>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "service/base/clock.h"
#include "storage/workflow_store.h"

namespace genledger {

struct FakeTables;

// What outlives a store, like a file: opening another store over the same state is a restart.
// Thread safe.
class FakeStoreState {
 public:
  FakeStoreState();
  ~FakeStoreState();
  FakeStoreState(const FakeStoreState&) = delete;
  FakeStoreState& operator=(const FakeStoreState&) = delete;

  // The next `count` writes answer `failure` and change nothing. With `after_commit` they do happen
  // and are answered so all the same: a commit in doubt.
  void FailNextWrites(int count, absl::Status failure, bool after_commit = false);

  // Shows everything that is kept (tests/storage/fake_records.h), under the store's lock.
  void Look(absl::FunctionRef<void(const FakeTables&)> look) const;

  struct Impl;  // the fake's own

 private:
  friend class FakeWorkflowStore;
  const std::unique_ptr<Impl> impl_;
};

class FakeWorkflowStore {
 public:
  // Callbacks run before the call returns, outside the store's lock. The clock must outlive the
  // store.
  static std::unique_ptr<WorkflowStore> Open(std::shared_ptr<FakeStoreState> state, Clock* clock);
};

}  // namespace genledger
