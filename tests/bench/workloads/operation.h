// One kind of call that a load is made of.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace genledger::bench {

// Serialised bytes of a call's messages, all of them together where there are several.
struct MessageSizes {
  size_t request_bytes = 0;
  size_t response_bytes = 0;
};

// Thread safe.
class Operation {
 public:
  using Done = absl::AnyInvocable<void(absl::Status)>;

  virtual ~Operation() = default;

  // Starts one call and returns. `done` runs once, on any thread, never inside this call; not OK:
  // the call failed, or its
  // answer is not the one that the workload demands. `index` counts the calls of a run from 0.
  virtual void Start(int64_t index, Done done) = 0;

  // Makes one call and waits for it.
  virtual absl::StatusOr<MessageSizes> Measure() = 0;
};

}  // namespace genledger::bench
