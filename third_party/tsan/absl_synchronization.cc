// What Abseil's own sources do under ThreadSanitizer and Debian's binaries of them do not: they
// tell it of every operation on a Mutex, CondVar, Notification and BlockingCounter. Our calls of
// these functions come here through --wrap, by the list in the BUILD file beside this; calls from
// other libraries do not. Only --config=tsan links this.
//
// A wait is told as a release and a new acquisition. A condition is evaluated inside Abseil with
// the mutex held, and by whichever thread releases it; so each condition is passed on inside one of
// ours, which tells ThreadSanitizer, in the name of the thread that evaluates it, that the mutex is
// held for that long.
//
// Not wrapped, as ThreadSanitizer needs nothing from them: CondVar::Signal, SignalAll (the mutex
// orders what the waiter reads), Mutex::AssertHeld. Not wrapped, as nothing of ours uses it:
// Barrier.

#include <sanitizer/tsan_interface.h>

#include <atomic>
#include <cstdint>

#include "absl/base/config.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"

// Member functions are declared as functions of their object, which is the same to the ABI. Without
// --wrap for a name its Real function is undefined, so the list in the BUILD file cannot miss one.
#define GL_WRAPPED(result, name, mangled, ...)           \
  result Real##name(__VA_ARGS__) asm("__real_" mangled); \
  result Wrap##name(__VA_ARGS__) asm("__wrap_" mangled);

namespace genledger::tsan {

// The mangled names, the layouts and kWriterBit below are those of this release.
static_assert(ABSL_LTS_RELEASE_VERSION == 20220623, "compare with the new release of Abseil");
static_assert(sizeof(absl::Mutex) == sizeof(std::atomic<std::intptr_t>));
static_assert(sizeof(absl::Notification) == 2 * sizeof(absl::Mutex));
static_assert(sizeof(absl::ReleasableMutexLock) == sizeof(absl::Mutex*));

constexpr std::intptr_t kWriterBit = 0x0008;
constexpr unsigned kExclusive = 0;
constexpr unsigned kShared = __tsan_mutex_read_lock;

// The operation of Abseil that this thread is in.
struct Operation {
  absl::Mutex* mutex;
  unsigned mode;
  bool unlocking;
};
thread_local const Operation* current_operation = nullptr;

// ThreadSanitizer ignores what a thread does between the "pre" and "post" of an operation. An
// evaluation in between is told as: the operation is over, here is a critical section of its own,
// the operation begins again.
bool EvaluateUnderMutex(const absl::Condition* condition) {
  const Operation* operation = current_operation;
  if (operation == nullptr) {
    __tsan_acquire(const_cast<absl::Condition*>(condition));
    return condition->Eval();
  }
  absl::Mutex* mutex = operation->mutex;
  if (operation->unlocking) {
    __tsan_mutex_post_unlock(mutex, operation->mode);
    __tsan_mutex_pre_lock(mutex, operation->mode);
  }
  __tsan_mutex_post_lock(mutex, operation->mode, 0);
  __tsan_acquire(const_cast<absl::Condition*>(condition));
  const bool holds = condition->Eval();
  __tsan_mutex_pre_unlock(mutex, operation->mode);
  if (!operation->unlocking) {
    __tsan_mutex_post_unlock(mutex, operation->mode);
    __tsan_mutex_pre_lock(mutex, operation->mode);
  }
  return holds;
}

template <typename Call>
auto During(const Operation& operation, Call call) {
  const Operation* outer = current_operation;
  current_operation = &operation;
  auto result = call();
  current_operation = outer;
  return result;
}

template <typename Call>
bool Locking(absl::Mutex* mutex, unsigned mode, Call call) {
  __tsan_mutex_pre_lock(mutex, mode);
  const bool result = During({.mutex = mutex, .mode = mode, .unlocking = false}, call);
  __tsan_mutex_post_lock(mutex, mode, 0);
  return result;
}

// The condition to wait with instead. Queueing up hands it, and what it refers to, over to whoever
// evaluates it.
absl::Condition HandOver(const absl::Condition& condition) {
  __tsan_release(const_cast<absl::Condition*>(&condition));
  return absl::Condition(&EvaluateUnderMutex, &condition);
}

// `call` gets the condition to wait with.
template <typename Call>
bool LockingWhen(absl::Mutex* mutex, unsigned mode, const absl::Condition& condition, Call call) {
  const absl::Condition told = HandOver(condition);
  return Locking(mutex, mode, [&] { return call(told); });
}

template <typename Call>
bool TryLocking(absl::Mutex* mutex, unsigned mode, Call call) {
  const unsigned flags = mode | __tsan_mutex_try_lock;
  __tsan_mutex_pre_lock(mutex, flags);
  const bool locked = call();
  __tsan_mutex_post_lock(mutex, locked ? flags : flags | __tsan_mutex_try_lock_failed, 0);
  return locked;
}

template <typename Call>
void Unlocking(absl::Mutex* mutex, unsigned mode, Call call) {
  __tsan_mutex_pre_unlock(mutex, mode);
  During({.mutex = mutex, .mode = mode, .unlocking = true}, [&] {
    call();
    return true;
  });
  __tsan_mutex_post_unlock(mutex, mode);
}

// How the caller holds the mutex.
unsigned ModeHeld(const absl::Mutex* mutex) {
  const auto* word = reinterpret_cast<const std::atomic<std::intptr_t>*>(mutex);
  return (word->load(std::memory_order_relaxed) & kWriterBit) != 0 ? kExclusive : kShared;
}

// A wait: `call` releases the mutex and takes it again.
template <typename Call>
bool Waiting(absl::Mutex* mutex, unsigned mode, Call call) {
  __tsan_mutex_pre_unlock(mutex, mode);
  __tsan_mutex_post_unlock(mutex, mode);
  return Locking(mutex, mode, call);
}

template <typename Call>
bool Awaiting(absl::Mutex* mutex, const absl::Condition& condition, Call call) {
  if (condition.Eval()) {
    return true;
  }
  const unsigned mode = ModeHeld(mutex);
  const absl::Condition told = HandOver(condition);
  return Waiting(mutex, mode, [&] { return call(told); });
}

// libgrpc and Abseil come from Debian without instrumentation: without the first option every
// hand-over inside them is a report. Here and not in the environment, as tests start our programs
// with an empty one.
extern "C" const char* __tsan_default_options() {  // NOLINT(bugprone-reserved-identifier)
  return "ignore_noninstrumented_modules=1:halt_on_error=1";
}

// ---- Mutex ----

GL_WRAPPED(void, Destroy1, "_ZN4absl7debian35MutexD1Ev", absl::Mutex* mutex)
void WrapDestroy1(absl::Mutex* mutex) {
  __tsan_mutex_destroy(mutex, __tsan_mutex_not_static);
  RealDestroy1(mutex);
}

// The same function by the name that clang prefers.
GL_WRAPPED(void, Destroy2, "_ZN4absl7debian35MutexD2Ev", absl::Mutex* mutex)
void WrapDestroy2(absl::Mutex* mutex) {
  __tsan_mutex_destroy(mutex, __tsan_mutex_not_static);
  RealDestroy2(mutex);
}

GL_WRAPPED(void, Lock, "_ZN4absl7debian35Mutex4LockEv", absl::Mutex* mutex)
void WrapLock(absl::Mutex* mutex) {
  Locking(mutex, kExclusive, [&] {
    RealLock(mutex);
    return true;
  });
}

GL_WRAPPED(void, ReaderLock, "_ZN4absl7debian35Mutex10ReaderLockEv", absl::Mutex* mutex)
void WrapReaderLock(absl::Mutex* mutex) {
  Locking(mutex, kShared, [&] {
    RealReaderLock(mutex);
    return true;
  });
}

GL_WRAPPED(bool, TryLock, "_ZN4absl7debian35Mutex7TryLockEv", absl::Mutex* mutex)
bool WrapTryLock(absl::Mutex* mutex) {
  return TryLocking(mutex, kExclusive, [&] { return RealTryLock(mutex); });
}

GL_WRAPPED(bool, ReaderTryLock, "_ZN4absl7debian35Mutex13ReaderTryLockEv", absl::Mutex* mutex)
bool WrapReaderTryLock(absl::Mutex* mutex) {
  return TryLocking(mutex, kShared, [&] { return RealReaderTryLock(mutex); });
}

GL_WRAPPED(void, Unlock, "_ZN4absl7debian35Mutex6UnlockEv", absl::Mutex* mutex)
void WrapUnlock(absl::Mutex* mutex) {
  Unlocking(mutex, kExclusive, [&] { RealUnlock(mutex); });
}

GL_WRAPPED(void, ReaderUnlock, "_ZN4absl7debian35Mutex12ReaderUnlockEv", absl::Mutex* mutex)
void WrapReaderUnlock(absl::Mutex* mutex) {
  Unlocking(mutex, kShared, [&] { RealReaderUnlock(mutex); });
}

GL_WRAPPED(void, LockWhen, "_ZN4absl7debian35Mutex8LockWhenERKNS0_9ConditionE", absl::Mutex* mutex,
           const absl::Condition& condition)
void WrapLockWhen(absl::Mutex* mutex, const absl::Condition& condition) {
  LockingWhen(mutex, kExclusive, condition, [&](const absl::Condition& told) {
    RealLockWhen(mutex, told);
    return true;
  });
}

GL_WRAPPED(void, ReaderLockWhen, "_ZN4absl7debian35Mutex14ReaderLockWhenERKNS0_9ConditionE",
           absl::Mutex* mutex, const absl::Condition& condition)
void WrapReaderLockWhen(absl::Mutex* mutex, const absl::Condition& condition) {
  LockingWhen(mutex, kShared, condition, [&](const absl::Condition& told) {
    RealReaderLockWhen(mutex, told);
    return true;
  });
}

GL_WRAPPED(bool, LockWhenWithTimeout,
           "_ZN4absl7debian35Mutex19LockWhenWithTimeoutERKNS0_9ConditionENS0_8DurationE",
           absl::Mutex* mutex, const absl::Condition& condition, absl::Duration timeout)
bool WrapLockWhenWithTimeout(absl::Mutex* mutex, const absl::Condition& condition,
                             absl::Duration timeout) {
  return LockingWhen(mutex, kExclusive, condition, [&](const absl::Condition& told) {
    return RealLockWhenWithTimeout(mutex, told, timeout);
  });
}

GL_WRAPPED(bool, LockWhenWithDeadline,
           "_ZN4absl7debian35Mutex20LockWhenWithDeadlineERKNS0_9ConditionENS0_4TimeE",
           absl::Mutex* mutex, const absl::Condition& condition, absl::Time deadline)
bool WrapLockWhenWithDeadline(absl::Mutex* mutex, const absl::Condition& condition,
                              absl::Time deadline) {
  return LockingWhen(mutex, kExclusive, condition, [&](const absl::Condition& told) {
    return RealLockWhenWithDeadline(mutex, told, deadline);
  });
}

GL_WRAPPED(bool, ReaderLockWhenWithTimeout,
           "_ZN4absl7debian35Mutex25ReaderLockWhenWithTimeoutERKNS0_9ConditionENS0_8DurationE",
           absl::Mutex* mutex, const absl::Condition& condition, absl::Duration timeout)
bool WrapReaderLockWhenWithTimeout(absl::Mutex* mutex, const absl::Condition& condition,
                                   absl::Duration timeout) {
  return LockingWhen(mutex, kShared, condition, [&](const absl::Condition& told) {
    return RealReaderLockWhenWithTimeout(mutex, told, timeout);
  });
}

GL_WRAPPED(bool, ReaderLockWhenWithDeadline,
           "_ZN4absl7debian35Mutex26ReaderLockWhenWithDeadlineERKNS0_9ConditionENS0_4TimeE",
           absl::Mutex* mutex, const absl::Condition& condition, absl::Time deadline)
bool WrapReaderLockWhenWithDeadline(absl::Mutex* mutex, const absl::Condition& condition,
                                    absl::Time deadline) {
  return LockingWhen(mutex, kShared, condition, [&](const absl::Condition& told) {
    return RealReaderLockWhenWithDeadline(mutex, told, deadline);
  });
}

GL_WRAPPED(void, Await, "_ZN4absl7debian35Mutex5AwaitERKNS0_9ConditionE", absl::Mutex* mutex,
           const absl::Condition& condition)
void WrapAwait(absl::Mutex* mutex, const absl::Condition& condition) {
  Awaiting(mutex, condition, [&](const absl::Condition& told) {
    RealAwait(mutex, told);
    return true;
  });
}

GL_WRAPPED(bool, AwaitWithTimeout,
           "_ZN4absl7debian35Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE",
           absl::Mutex* mutex, const absl::Condition& condition, absl::Duration timeout)
bool WrapAwaitWithTimeout(absl::Mutex* mutex, const absl::Condition& condition,
                          absl::Duration timeout) {
  return Awaiting(mutex, condition, [&](const absl::Condition& told) {
    return RealAwaitWithTimeout(mutex, told, timeout);
  });
}

GL_WRAPPED(bool, AwaitWithDeadline,
           "_ZN4absl7debian35Mutex17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE",
           absl::Mutex* mutex, const absl::Condition& condition, absl::Time deadline)
bool WrapAwaitWithDeadline(absl::Mutex* mutex, const absl::Condition& condition,
                           absl::Time deadline) {
  return Awaiting(mutex, condition, [&](const absl::Condition& told) {
    return RealAwaitWithDeadline(mutex, told, deadline);
  });
}

// Abseil's would unlock without coming here.
GL_WRAPPED(void, Release, "_ZN4absl7debian319ReleasableMutexLock7ReleaseEv",
           absl::ReleasableMutexLock* lock)
void WrapRelease(absl::ReleasableMutexLock* lock) {
  absl::Mutex* mutex = *reinterpret_cast<absl::Mutex**>(lock);
  Unlocking(mutex, kExclusive, [&] { RealRelease(lock); });
}

// ---- CondVar ----

GL_WRAPPED(void, Wait, "_ZN4absl7debian37CondVar4WaitEPNS0_5MutexE", absl::CondVar* variable,
           absl::Mutex* mutex)
void WrapWait(absl::CondVar* variable, absl::Mutex* mutex) {
  Waiting(mutex, ModeHeld(mutex), [&] {
    RealWait(variable, mutex);
    return true;
  });
}

GL_WRAPPED(bool, WaitWithTimeout,
           "_ZN4absl7debian37CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE",
           absl::CondVar* variable, absl::Mutex* mutex, absl::Duration timeout)
bool WrapWaitWithTimeout(absl::CondVar* variable, absl::Mutex* mutex, absl::Duration timeout) {
  return Waiting(mutex, ModeHeld(mutex),
                 [&] { return RealWaitWithTimeout(variable, mutex, timeout); });
}

GL_WRAPPED(bool, WaitWithDeadline,
           "_ZN4absl7debian37CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE",
           absl::CondVar* variable, absl::Mutex* mutex, absl::Time deadline)
bool WrapWaitWithDeadline(absl::CondVar* variable, absl::Mutex* mutex, absl::Time deadline) {
  return Waiting(mutex, ModeHeld(mutex),
                 [&] { return RealWaitWithDeadline(variable, mutex, deadline); });
}

// ---- Notification: a mutex, then the flag that HasBeenNotified reads inline with acquire ----

void* FlagOf(const absl::Notification* notification) {
  return reinterpret_cast<char*>(const_cast<absl::Notification*>(notification)) +
         sizeof(absl::Mutex);
}

GL_WRAPPED(void, Notify, "_ZN4absl7debian312Notification6NotifyEv",
           absl::Notification* notification)
void WrapNotify(absl::Notification* notification) {
  __tsan_release(FlagOf(notification));
  RealNotify(notification);
}

GL_WRAPPED(void, WaitForNotification, "_ZNK4absl7debian312Notification19WaitForNotificationEv",
           const absl::Notification* notification)
void WrapWaitForNotification(const absl::Notification* notification) {
  RealWaitForNotification(notification);
  __tsan_acquire(FlagOf(notification));
}

GL_WRAPPED(bool, WaitForNotificationWithTimeout,
           "_ZNK4absl7debian312Notification30WaitForNotificationWithTimeoutENS0_8DurationE",
           const absl::Notification* notification, absl::Duration timeout)
bool WrapWaitForNotificationWithTimeout(const absl::Notification* notification,
                                        absl::Duration timeout) {
  const bool notified = RealWaitForNotificationWithTimeout(notification, timeout);
  if (notified) {
    __tsan_acquire(FlagOf(notification));
  }
  return notified;
}

GL_WRAPPED(bool, WaitForNotificationWithDeadline,
           "_ZNK4absl7debian312Notification31WaitForNotificationWithDeadlineENS0_4TimeE",
           const absl::Notification* notification, absl::Time deadline)
bool WrapWaitForNotificationWithDeadline(const absl::Notification* notification,
                                         absl::Time deadline) {
  const bool notified = RealWaitForNotificationWithDeadline(notification, deadline);
  if (notified) {
    __tsan_acquire(FlagOf(notification));
  }
  return notified;
}

// The mutex inside was created inline, in our code, and is destroyed out of sight.
GL_WRAPPED(void, DestroyNotification1, "_ZN4absl7debian312NotificationD1Ev",
           absl::Notification* notification)
void WrapDestroyNotification1(absl::Notification* notification) {
  __tsan_mutex_destroy(notification, __tsan_mutex_not_static);
  RealDestroyNotification1(notification);
}

GL_WRAPPED(void, DestroyNotification2, "_ZN4absl7debian312NotificationD2Ev",
           absl::Notification* notification)
void WrapDestroyNotification2(absl::Notification* notification) {
  __tsan_mutex_destroy(notification, __tsan_mutex_not_static);
  RealDestroyNotification2(notification);
}

// ---- BlockingCounter ----

GL_WRAPPED(bool, DecrementCount, "_ZN4absl7debian315BlockingCounter14DecrementCountEv",
           absl::BlockingCounter* counter)
bool WrapDecrementCount(absl::BlockingCounter* counter) {
  __tsan_release(counter);
  return RealDecrementCount(counter);
}

GL_WRAPPED(void, WaitForCounter, "_ZN4absl7debian315BlockingCounter4WaitEv",
           absl::BlockingCounter* counter)
void WrapWaitForCounter(absl::BlockingCounter* counter) {
  RealWaitForCounter(counter);
  __tsan_acquire(counter);
}

}  // namespace genledger::tsan
