// Tells ThreadSanitizer what absl::Mutex does. Debian's Abseil is built without instrumentation, so
// a hand-over under its mutexes is invisible and every correct use of them is reported as a race.
// These definitions come before the library's in symbol order, call them, and say what they
// ordered. Part of //third_party:absl in --config=tsan only.
#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>

#include <cstdio>
#include <cstdlib>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace {

// The library's own function.
template <typename Function>
Function* Real(const char* symbol) {
  void* const found = dlsym(RTLD_NEXT, symbol);
  if (found == nullptr) {
    std::fprintf(stderr, "absl_mutex_for_tsan: no %s; another Abseil?\n", symbol);
    std::abort();
  }
  return reinterpret_cast<Function*>(found);
}

// The library evaluates a condition holding the mutex, on whichever thread holds it.
struct OrderedCondition {
  absl::Mutex* mu;
  const absl::Condition* inner;

  __attribute__((no_sanitize_thread)) static bool Eval(OrderedCondition* self) {
    __tsan_acquire(self->mu);
    const bool met = self->inner->Eval();
    // If it is not met the library unlocks by itself.
    __tsan_release(self->mu);
    return met;
  }
};

}  // namespace

namespace absl {
ABSL_NAMESPACE_BEGIN

#define ABSL_SYMBOL(name) "_ZN4absl7debian3" name

void Mutex::Lock() {
  static auto* const real = Real<void(Mutex*)>(ABSL_SYMBOL("5Mutex4LockEv"));
  real(this);
  __tsan_acquire(this);
}

void Mutex::Unlock() {
  static auto* const real = Real<void(Mutex*)>(ABSL_SYMBOL("5Mutex6UnlockEv"));
  __tsan_release(this);
  real(this);
}

bool Mutex::TryLock() {
  static auto* const real = Real<bool(Mutex*)>(ABSL_SYMBOL("5Mutex7TryLockEv"));
  const bool locked = real(this);
  __tsan_acquire(this);
  return locked;
}

void Mutex::ReaderLock() {
  static auto* const real = Real<void(Mutex*)>(ABSL_SYMBOL("5Mutex10ReaderLockEv"));
  real(this);
  __tsan_acquire(this);
}

void Mutex::ReaderUnlock() {
  static auto* const real = Real<void(Mutex*)>(ABSL_SYMBOL("5Mutex12ReaderUnlockEv"));
  __tsan_release(this);
  real(this);
}

void Mutex::Await(const Condition& condition) {
  static auto* const real =
      Real<void(Mutex*, const Condition&)>(ABSL_SYMBOL("5Mutex5AwaitERKNS0_9ConditionE"));
  OrderedCondition ordered{this, &condition};
  __tsan_release(this);
  real(this, Condition(&OrderedCondition::Eval, &ordered));
  __tsan_acquire(this);
}

bool Mutex::AwaitWithTimeout(const Condition& condition, Duration timeout) {
  static auto* const real = Real<bool(Mutex*, const Condition&, Duration)>(
      ABSL_SYMBOL("5Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE"));
  OrderedCondition ordered{this, &condition};
  __tsan_release(this);
  const bool met = real(this, Condition(&OrderedCondition::Eval, &ordered), timeout);
  __tsan_acquire(this);
  return met;
}

bool Mutex::AwaitWithDeadline(const Condition& condition, Time deadline) {
  static auto* const real = Real<bool(Mutex*, const Condition&, Time)>(
      ABSL_SYMBOL("5Mutex17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE"));
  OrderedCondition ordered{this, &condition};
  __tsan_release(this);
  const bool met = real(this, Condition(&OrderedCondition::Eval, &ordered), deadline);
  __tsan_acquire(this);
  return met;
}

// To lock and then wait is the same, and leaves no moment in which a condition is evaluated before
// its waiter has been ordered.
void Mutex::LockWhen(const Condition& condition) {
  Lock();
  Await(condition);
}

bool Mutex::LockWhenWithTimeout(const Condition& condition, Duration timeout) {
  Lock();
  return AwaitWithTimeout(condition, timeout);
}

bool Mutex::LockWhenWithDeadline(const Condition& condition, Time deadline) {
  Lock();
  return AwaitWithDeadline(condition, deadline);
}

void CondVar::Wait(Mutex* mu) {
  static auto* const real = Real<void(CondVar*, Mutex*)>(ABSL_SYMBOL("7CondVar4WaitEPNS0_5MutexE"));
  __tsan_release(mu);
  real(this, mu);
  __tsan_acquire(mu);
}

bool CondVar::WaitWithTimeout(Mutex* mu, Duration timeout) {
  static auto* const real = Real<bool(CondVar*, Mutex*, Duration)>(
      ABSL_SYMBOL("7CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE"));
  __tsan_release(mu);
  const bool timed_out = real(this, mu, timeout);
  __tsan_acquire(mu);
  return timed_out;
}

bool CondVar::WaitWithDeadline(Mutex* mu, Time deadline) {
  static auto* const real = Real<bool(CondVar*, Mutex*, Time)>(
      ABSL_SYMBOL("7CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE"));
  __tsan_release(mu);
  const bool timed_out = real(this, mu, deadline);
  __tsan_acquire(mu);
  return timed_out;
}

#undef ABSL_SYMBOL

ABSL_NAMESPACE_END
}  // namespace absl
