// Threads that share plain memory through each of Abseil's means, all in order: --config=tsan must
// let it pass. With PLANT_RACE one access is left unguarded, and with PLANT_PREDICATE_RACE one that
// meets only the reads of a predicate that Abseil calls: --config=tsan must report both.

#include <cstdio>
#include <thread>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace {

constexpr int kThreads = 4;
constexpr int kRounds = 500;
constexpr absl::Duration kLong = absl::Minutes(1);

struct Shared {
  absl::Mutex mutex;
  absl::CondVar changed;
  int turn = 0;
  int sum = 0;
  // Only predicates read it.
  int gate = 0;
};

struct Turn {
  Shared* shared;
  int mine;
};

bool IsMine(Turn* turn) {
  return turn->shared->gate >= 0 && turn->shared->turn % kThreads == turn->mine;
}

// Everyone waits for its turn in one way of several; the predicates are evaluated by whoever
// unlocks.
void TakeTurns(Shared* shared, int mine) {
  Turn turn{shared, mine};
  const absl::Condition is_mine(&IsMine, &turn);
  for (int round = 0; round < kRounds; ++round) {
    switch (round % 4) {
      case 0:
        shared->mutex.LockWhen(is_mine);
        break;
      case 1:
        shared->mutex.Lock();
        shared->mutex.Await(is_mine);
        break;
      case 2:
        while (!shared->mutex.LockWhenWithTimeout(is_mine, absl::Microseconds(50))) {
          shared->mutex.Unlock();
        }
        break;
      default:
        shared->mutex.Lock();
        while (!shared->mutex.AwaitWithDeadline(is_mine, absl::Now() + absl::Microseconds(50))) {
        }
    }
    ++shared->turn;
    ++shared->sum;
    shared->changed.SignalAll();
    shared->mutex.Unlock();
  }
}

void WaitForTheLastTurn(Shared* shared) {
  absl::MutexLock lock(&shared->mutex);
  while (shared->turn < kThreads * kRounds) {
    shared->changed.WaitWithTimeout(&shared->mutex, kLong);
  }
}

void Read(Shared* shared, int* seen) {
  absl::ReaderMutexLock lock(&shared->mutex);
  *seen = shared->sum;
}

int SumUnderMutex() {
  Shared shared;
  std::vector<std::thread> threads;
  threads.reserve(kThreads + 3);
  // They queue up with conditions that nobody has evaluated yet. Too short a sleep only tests less.
  shared.mutex.Lock();
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back(TakeTurns, &shared, i);
  }
  absl::SleepFor(absl::Milliseconds(100));
  shared.mutex.Unlock();
  threads.emplace_back(WaitForTheLastTurn, &shared);
  int seen = 0;
  threads.emplace_back(Read, &shared, &seen);
#if defined(PLANT_PREDICATE_RACE)
  threads.emplace_back([&shared] { shared.gate = 1; });
#endif
#if defined(PLANT_RACE)
  threads.emplace_back([&shared] { ++shared.sum; });
#endif
  for (std::thread& thread : threads) {
    thread.join();
  }
  return shared.sum;
}

int HandOver() {
  int handed = 0;
  absl::Notification told;
  std::thread giver([&] {
    handed = 1;
    told.Notify();
  });
  told.WaitForNotification();
  const int got = handed;
  giver.join();

  int counted = 0;
  absl::BlockingCounter counter(1);
  std::thread counting([&] {
    counted = 1;
    counter.DecrementCount();
  });
  counter.Wait();
  const int sum = got + counted;
  counting.join();
  return sum;
}

}  // namespace

int main() {
  const int sum = SumUnderMutex();
  const int handed_over = HandOver();
  std::printf("%d %d\n", sum, handed_over);
  return handed_over == 2 ? 0 : 1;
}
