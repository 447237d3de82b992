// A circuit breaker: closed, open for a while, then half-open with one probe (DESIGN.md section 6).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/base/error_reason.h"
#include "service/domain/attempt_result.h"

namespace genledger {

// Why a breaker is open.
struct BreakerTrip {
  ErrorReason reason = ErrorReason::kUnspecified;
  // For people: callers and operators. Names no key and no caller's value.
  std::string text;

  friend bool operator==(const BreakerTrip&, const BreakerTrip&) = default;
};

// What the result of a probe says about the thing that the breaker guards.
struct ProbeWorked {};
struct ProbeSaysNothing {};
using ProbeVerdict = std::variant<ProbeSaysNothing, ProbeWorked, BreakerTrip>;

// Which results open a breaker. Called under the breaker's lock, hence not thread safe, short and
// without effects of its own; never called for refusals of ours (IsLocalRefusal) nor for
// kInProgress.
class BreakerPolicy {
 public:
  virtual ~BreakerPolicy() = default;

  // A result while closed. A trip opens the breaker.
  virtual std::optional<BreakerTrip> Observe(std::string_view model, const AttemptResult& result,
                                             absl::Time now) = 0;
  // The result of the probe.
  virtual ProbeVerdict JudgeProbe(std::string_view model, const AttemptResult& result) = 0;
  // The breaker closed after a probe: what was counted before it opened is history.
  virtual void OnClosed() = 0;
};

struct CircuitBreakerOptions {
  absl::Duration open_initial = absl::Seconds(30);  // doubling with each probe that fails, to …
  absl::Duration open_max = absl::Minutes(5);
  // What a refusal names as retry time while the probe is out and nobody knows how long it takes.
  absl::Duration probe_recheck = absl::Seconds(1);
};

enum class BreakerState { kClosed, kOpen, kHalfOpen };

// What one result did to a breaker.
enum class BreakerChange {
  kNone,
  kOpened,      // also again, after a probe
  kClosed,      // what waits may go
  kProbeFreed,  // the probe said nothing: the next claim is the probe
};

struct BreakerRefusal {
  ErrorReason reason = ErrorReason::kUnspecified;
  absl::Time retry_time = absl::InfinitePast();  // not before then
  std::string scope;                             // the breaker's
  std::string text;

  friend bool operator==(const BreakerRefusal&, const BreakerRefusal&) = default;
};

struct BreakerSnapshot {
  std::string scope;
  BreakerState state = BreakerState::kClosed;
  BreakerTrip trip;                              // what opened it; empty while closed
  absl::Time retry_time = absl::InfinitePast();  // open: when it becomes half-open

  friend bool operator==(const BreakerSnapshot&, const BreakerSnapshot&) = default;
};

// Thread safe; never blocks, no I/O. `now` is the injected clock's; when that steps back, an open
// breaker still opens no later than its own duration after that.
//
// Only results of permits given out since the breaker last opened or closed count: what was under
// way when it opened neither opens it again later nor closes it.
class CircuitBreaker {
 public:
  // The right to send one attempt: the probe's, or an ordinary one while closed. Movable. Destroyed
  // without Record (never launched, dropped), it frees the probe's place. Must not outlive its
  // breaker.
  class Permit {
   public:
    Permit(Permit&& other) noexcept
        : owner_(std::exchange(other.owner_, nullptr)),
          generation_(other.generation_),
          probe_(other.probe_) {}
    Permit& operator=(Permit&& other) noexcept {
      std::swap(owner_, other.owner_);
      std::swap(generation_, other.generation_);
      std::swap(probe_, other.probe_);
      return *this;
    }
    ~Permit() {
      if (owner_ != nullptr && probe_) {
        owner_->FreeProbe(generation_);
      }
    }

    bool is_probe() const { return probe_; }

   private:
    friend class CircuitBreaker;
    Permit(CircuitBreaker* owner, int64_t generation, bool probe)
        : owner_(owner), generation_(generation), probe_(probe) {}

    CircuitBreaker* owner_;
    int64_t generation_;
    bool probe_;
  };
  using Admission = std::variant<Permit, BreakerRefusal>;

  // `scope` names what is guarded: a host, a key's fingerprint.
  CircuitBreaker(std::string scope, CircuitBreakerOptions options,
                 std::unique_ptr<BreakerPolicy> policy);
  CircuitBreaker(const CircuitBreaker&) = delete;
  CircuitBreaker& operator=(const CircuitBreaker&) = delete;

  // Closed: a permit. Open: refused. Open and its time is over: becomes half-open, and the first to
  // ask gets the one probe; the others are refused until it has ended.
  Admission Admit(absl::Time now);

  // What Admit would refuse with; nullopt if it would give a permit. Changes nothing, so the answer
  // may be another one when Admit is called.
  std::optional<BreakerRefusal> WouldAdmit(absl::Time now) const;

  // The attempt that `permit` allowed ended in `result`. A refusal of ours (IsLocalRefusal) and
  // kInProgress say nothing: they only give the permit back.
  BreakerChange Record(Permit permit, std::string_view model, const AttemptResult& result,
                       absl::Time now);

  BreakerSnapshot Snapshot(absl::Time now) const;
  const std::string& scope() const { return scope_; }

 private:
  void FreeProbe(int64_t generation);
  BreakerChange RecordProbe(std::string_view model, const AttemptResult& result, absl::Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Open(BreakerTrip trip, absl::Duration duration, absl::Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Close() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Time RetryTime(absl::Time now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::optional<BreakerRefusal> Refusal(absl::Time now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const std::string scope_;
  const CircuitBreakerOptions options_;
  const std::unique_ptr<BreakerPolicy> policy_;

  mutable absl::Mutex mu_;
  BreakerState state_ ABSL_GUARDED_BY(mu_) = BreakerState::kClosed;
  // Grows whenever it opens or closes.
  int64_t generation_ ABSL_GUARDED_BY(mu_) = 0;
  bool probe_out_ ABSL_GUARDED_BY(mu_) = false;
  BreakerTrip trip_ ABSL_GUARDED_BY(mu_);
  absl::Duration open_duration_ ABSL_GUARDED_BY(mu_) = absl::ZeroDuration();
  absl::Time retry_time_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
};

}  // namespace genledger
