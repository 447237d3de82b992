// Tells waiting calls what became of a submission, without a thread for each.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/hash/hash.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/base/ids.h"
#include "service/base/timer_queue.h"
#include "service/domain/submission.h"

namespace genledger {

// Thread safe. Everything that changes a submission publishes the new record here after its commit;
// the hub keeps none of them. A waiter that registers after reading a record must look once more
// (see Wait), because the change that it waits for may have been committed in between.
class ChangeHub {
 public:
  // Whether a waiter is satisfied by this record.
  using Predicate = absl::AnyInvocable<bool(const Submission&) const>;
  // Called exactly once, on the publishing thread, the timer's or the one that called Offer, with
  // the last record that the waiter has seen.
  using Done = absl::AnyInvocable<void(Submission)>;
  // Never 0.
  using WaiterId = uint64_t;

  explicit ChangeHub(TimerQueue* timers) : timers_(timers) {}
  // Answers the waiters that are left.
  ~ChangeHub();

  ChangeHub(const ChangeHub&) = delete;
  ChangeHub& operator=(const ChangeHub&) = delete;

  // Waits until `until` holds for a record newer than `seen`, or until `deadline`. `seen` itself is
  // not tested. After it returns, the caller reads the record again and hands it to Publish if it
  // is newer, or has made sure in another way that nothing was missed.
  WaiterId Wait(Submission seen, absl::Time deadline, Predicate until, Done done);

  // Answers a waiter now, with what it has seen last (the caller has gone, or the server drains).
  void Release(WaiterId id);

  // Hands a committed record to everybody who waits for its submission. Older revisions than seen
  // are ignored.
  void Publish(const Submission& submission);

  // At most `limit` submissions that somebody waits for; of `among` only, unless that is null.
  std::vector<SubmissionId> Awaited(size_t limit,
                                    const std::vector<SubmissionId>* among = nullptr) const;

  // Answers every waiter, and every later one at once: the server drains.
  void Drain();

  // Whether Drain was called.
  bool draining() const;

  size_t waiter_count() const;

 private:
  struct Waiter {
    Submission seen;
    Predicate until;
    Done done;
    TimerQueue::Id timer = 0;
  };

  // Takes a waiter out; nullptr if it is gone already.
  std::unique_ptr<Waiter> Take(WaiterId id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Answer(std::unique_ptr<Waiter> waiter);

  TimerQueue* const timers_;
  mutable absl::Mutex mu_;
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
  WaiterId last_id_ ABSL_GUARDED_BY(mu_) = 0;
  std::unordered_map<WaiterId, std::unique_ptr<Waiter>> waiters_ ABSL_GUARDED_BY(mu_);
  std::unordered_map<SubmissionId, std::vector<WaiterId>, absl::Hash<SubmissionId>> by_submission_
      ABSL_GUARDED_BY(mu_);
};

}  // namespace genledger
