// Whether one more attempt may go out now: free slots, as many as the upstream is found to take,
// and closed breakers (DESIGN.md section 6).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/base/clock.h"
#include "service/domain/attempt_result.h"
#include "service/upstream/breakers.h"
#include "service/upstream/concurrency_limiter.h"
#include "service/upstream/upstream_client.h"

namespace genledger {

// Thread safe; never blocks but in AwaitIdle. Must outlive its slots.
class AttemptGate {
 public:
  struct Options {
    ConcurrencyLimiterOptions limiter;
    BreakersOptions breakers;
  };

  // The right to have one attempt out, with one key. Movable; gives itself back when destroyed.
  class Slot {
   public:
    Slot(Slot&& other) noexcept
        : owner_(std::exchange(other.owner_, nullptr)),
          taken_time_(other.taken_time_),
          permit_(std::move(other.permit_)) {}
    Slot& operator=(Slot&& other) noexcept {
      std::swap(owner_, other.owner_);
      std::swap(taken_time_, other.taken_time_);
      std::swap(permit_, other.permit_);
      return *this;
    }
    ~Slot() {
      if (owner_ != nullptr) {
        permit_.reset();  // whoever is woken by the free slot may be the next probe
        owner_->Leave();
      }
    }

    // Of the key that the attempt must use.
    const std::string& fingerprint() const { return permit_->fingerprint(); }
    // By the gate's clock: before the attempt was committed.
    absl::Time taken_time() const { return taken_time_; }

   private:
    friend class AttemptGate;
    Slot(AttemptGate* owner, absl::Time taken_time, Breakers::Permit permit)
        : owner_(owner), taken_time_(taken_time), permit_(std::move(permit)) {}

    AttemptGate* owner_;
    absl::Time taken_time_;
    // Until the result of the attempt is recorded.
    std::optional<Breakers::Permit> permit_;
  };

  // Both unset: every slot is taken.
  struct Entry {
    std::optional<Slot> slot;
    std::optional<BreakerRefusal> refusal;
  };
  struct Batch {
    std::vector<Slot> slots;  // all for one key
    // Why there are no more, though slots are free. A probe is alone, and nothing is refused.
    std::optional<BreakerRefusal> refusal;
  };

  // `on_leave` is called whenever a slot came back, without a lock of the gate. The others must
  // outlive the gate.
  AttemptGate(Options options, UpstreamClient* upstream, Clock* clock,
              absl::AnyInvocable<void()> on_leave);

  Entry Enter();
  Batch EnterMany(int32_t count_max);

  // Whether a breaker would refuse an attempt now, slots or not. Changes nothing.
  std::optional<BreakerRefusal> WouldRefuse();

  // The attempt that `slot` allowed has its final result (never kInProgress); once per slot. The
  // slot stays taken.
  Breakers::Change Record(Slot& slot, std::string_view model, const AttemptResult& result);

  // Slots taken, and how many may be.
  int32_t in_use() const;
  int32_t limit() const { return limiter_.limit(); }
  bool full() const { return in_use() >= limit(); }

  // Blocks until no slot is taken, or until `deadline`. Whether it was reached without any.
  bool AwaitIdle(absl::Time deadline) const;

  std::vector<BreakerSnapshot> BreakerSnapshots() const;

 private:
  using Fingerprints = std::shared_ptr<const std::vector<std::string>>;

  Fingerprints KeysInForce();
  bool TakeSlot();
  void Leave();
  bool Idle() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return in_use_ == 0; }

  UpstreamClient* const upstream_;
  Clock* const clock_;
  absl::AnyInvocable<void()> on_leave_;
  ConcurrencyLimiter limiter_;
  Breakers breakers_;

  mutable absl::Mutex mu_;
  int32_t in_use_ ABSL_GUARDED_BY(mu_) = 0;
  // The breakers know the keys of these credentials.
  UpstreamCredentials credentials_ ABSL_GUARDED_BY(mu_);
  Fingerprints fingerprints_ ABSL_GUARDED_BY(mu_);
};

}  // namespace genledger
