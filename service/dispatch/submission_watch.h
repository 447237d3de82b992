// One watched submission: a snapshot, then every event in revision order without a gap.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/base/clock.h"
#include "service/dispatch/change_hub.h"
#include "service/domain/submission.h"
#include "storage/workflow_store.h"

namespace genledger {

// How long a stream stays silent before it says that it is still there.
inline constexpr absl::Duration kWatchHeartbeatInterval = absl::Seconds(15);

// Pulled by its transport, one message at a time, so that a slow reader holds no more than a page
// of events. Thread safe. Keep it in a shared_ptr; its collaborators must outlive the last
// callback.
class SubmissionWatch : public std::enable_shared_from_this<SubmissionWatch> {
 public:
  struct Heartbeat {
    absl::Time time;
  };
  // The server drains: go on elsewhere from here.
  struct Resume {
    int64_t after_revision = 0;
  };
  // Nothing more will come: the submission has ended.
  struct End {};
  using Message = std::variant<SubmissionWithAttempts, SubmissionEvent, Heartbeat, Resume, End>;
  // Called exactly once for each Next. After an error, Resume or End there is nothing to pull.
  using OnMessage = absl::AnyInvocable<void(absl::StatusOr<Message>)>;

  struct Collaborators {
    WorkflowStore* store;
    ChangeHub* hub;
    Clock* clock;
  };

  // Events after `after_revision` follow the snapshot; 0: those after the snapshot.
  SubmissionWatch(GetQuery query, int64_t after_revision, Collaborators collaborators)
      : store_(collaborators.store),
        hub_(collaborators.hub),
        clock_(collaborators.clock),
        query_(std::move(query)),
        after_revision_(after_revision) {}

  // The next message; not before the last one was answered. NOT_FOUND SUBMISSION_NOT_FOUND, and the
  // store's errors.
  void Next(OnMessage done);

  // Answers a Next that waits, soon, with a heartbeat: the caller has gone.
  void StopWaiting();

 private:
  void SendSnapshot(OnMessage done);
  void SendEvents(OnMessage done);
  void WaitForChange(OnMessage done);
  SubmissionEvent TakeEvent() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  WorkflowStore* const store_;
  ChangeHub* const hub_;
  Clock* const clock_;
  const GetQuery query_;
  const int64_t after_revision_;

  absl::Mutex mu_;
  // As of the snapshot; its revision and state are kept up to the last event that was handed out.
  std::optional<Submission> seen_ ABSL_GUARDED_BY(mu_);
  std::deque<SubmissionEvent> events_ ABSL_GUARDED_BY(mu_);
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
  ChangeHub::WaiterId waiter_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace genledger
