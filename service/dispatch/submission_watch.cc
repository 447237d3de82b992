#include "service/dispatch/submission_watch.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace genledger {
namespace {

constexpr int32_t kEventsPage = 100;

// States in which a stream ends. OUTCOME_UNKNOWN is none: somebody will settle it.
bool EndsTheStream(SubmissionState state) {
  return state == SubmissionState::kSubmitted || state == SubmissionState::kFailed ||
         state == SubmissionState::kCancelled || state == SubmissionState::kAbandoned;
}

}  // namespace

void SubmissionWatch::Next(OnMessage done) {
  bool has_snapshot = false;
  std::optional<SubmissionEvent> event;
  {
    absl::MutexLock lock(&mu_);
    has_snapshot = seen_.has_value();
    if (!events_.empty()) {
      event = TakeEvent();
    }
  }
  if (!has_snapshot) {
    SendSnapshot(std::move(done));
  } else if (event.has_value()) {
    done(Message(*std::move(event)));
  } else {
    SendEvents(std::move(done));
  }
}

SubmissionEvent SubmissionWatch::TakeEvent() {
  SubmissionEvent event = std::move(events_.front());
  events_.pop_front();
  seen_->revision = event.revision;
  seen_->state = event.state;
  return event;
}

void SubmissionWatch::SendSnapshot(OnMessage done) {
  store_->Get(query_, [self = shared_from_this(), done = std::move(done)](
                          absl::StatusOr<SubmissionWithAttempts> found) mutable {
    if (!found.ok()) {
      done(std::move(found).status());
      return;
    }
    {
      absl::MutexLock lock(&self->mu_);
      self->seen_ = found->submission;
      if (self->after_revision_ > 0) {
        // A cursor from a ledger that was since restored may be ahead of what is there.
        self->seen_->revision = std::min(self->after_revision_, found->submission.revision);
      }
    }
    done(Message(*std::move(found)));
  });
}

void SubmissionWatch::SendEvents(OnMessage done) {
  ListEventsQuery query{.limit = kEventsPage};
  {
    absl::MutexLock lock(&mu_);
    query.id = seen_->id;
    query.after_revision = seen_->revision;
  }
  store_->ListEvents(std::move(query),
                     [self = shared_from_this(), done = std::move(done)](
                         absl::StatusOr<std::vector<SubmissionEvent>> events) mutable {
                       if (!events.ok()) {
                         done(std::move(events).status());
                         return;
                       }
                       std::optional<SubmissionEvent> event;
                       bool ended = false;
                       {
                         absl::MutexLock lock(&self->mu_);
                         self->events_.assign(events->begin(), events->end());
                         if (!self->events_.empty()) {
                           event = self->TakeEvent();
                         } else {
                           ended = EndsTheStream(self->seen_->state);
                         }
                       }
                       if (event.has_value()) {
                         done(Message(*std::move(event)));
                       } else if (ended) {
                         done(Message(End{}));
                       } else {
                         self->WaitForChange(std::move(done));
                       }
                     });
}

void SubmissionWatch::WaitForChange(OnMessage done) {
  Submission seen;
  {
    absl::MutexLock lock(&mu_);
    seen = *seen_;
  }
  const int64_t after = seen.revision;
  const SubmissionId id = seen.id;
  auto on_answer = [self = shared_from_this(), done = std::move(done),
                    after](const Submission& latest) mutable {
    if (self->hub_->draining()) {
      done(Message(Resume{after}));
    } else if (latest.revision > after) {
      self->SendEvents(std::move(done));
    } else {
      done(Message(Heartbeat{self->clock_->Now()}));
    }
  };
  const ChangeHub::WaiterId waiter = hub_->Wait(
      std::move(seen), clock_->Now() + kWatchHeartbeatInterval,
      [after](const Submission& latest) { return latest.revision > after; }, std::move(on_answer));
  bool stopped = false;
  {
    absl::MutexLock lock(&mu_);
    waiter_ = waiter;
    stopped = stopped_;
  }
  if (stopped) {
    hub_->Release(waiter);
    return;
  }
  // It may have changed between the page of events and our registration.
  store_->Get({.key = id}, [hub = hub_](absl::StatusOr<SubmissionWithAttempts> now) {
    if (now.ok()) {
      hub->Publish(now->submission);
    }
  });
}

void SubmissionWatch::StopWaiting() {
  ChangeHub::WaiterId waiter = 0;
  {
    absl::MutexLock lock(&mu_);
    stopped_ = true;
    waiter = waiter_;
  }
  if (waiter != 0) {
    hub_->Release(waiter);
  }
}

}  // namespace genledger
