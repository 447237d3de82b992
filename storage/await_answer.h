// A store's answer for those who may block: a start, before anything is served.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"

namespace genledger {

// Calls `ask` with a callback of WorkflowStore and returns what that is called with; every call of
// a store answers. Never on a thread of the store: the answer may need that very thread.
template <typename T, typename Ask>
absl::StatusOr<T> AwaitAnswer(Ask ask) {
  absl::StatusOr<T> answer = absl::UnknownError("no answer");
  absl::Notification answered;
  ask([&](absl::StatusOr<T> value) {
    answer = std::move(value);
    answered.Notify();
  });
  answered.WaitForNotification();
  return answer;
}

}  // namespace genledger
