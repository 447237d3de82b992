#include "tests/bench/load_generator.h"

#include <array>
#include <atomic>
#include <chrono>
#include <limits>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "service/base/status_macros.h"
#include "tests/bench/interrupt.h"
#include "tests/bench/send_schedule.h"

namespace genledger::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;
using SteadyTime = SteadyClock::time_point;

constexpr absl::Duration kLookAgain = absl::Milliseconds(5);
constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();

// The calls of one run. Thread safe.
class Load {
 public:
  Load(Operation* operation, int64_t calls_max) : operation_(operation), calls_max_(calls_max) {}

  // Makes one call after the other until there are no more to be made.
  void StartLoop() {
    Enter(kNoLimit);
    Loop();
  }

  // Makes one call, as soon as fewer than `in_flight_max` are in flight.
  void StartCall(SteadyTime intended, int64_t in_flight_max) {
    Enter(in_flight_max);
    const int64_t index = next_index_.fetch_add(1);
    operation_->Start(index, [this, index, intended](const absl::Status& status) {
      Record(index, intended, status);
      Leave();
    });
  }

  void BeginMeasuring() {
    begin_ = SteadyClock::now();
    measuring_ = true;
  }
  void EndMeasuring() {
    measuring_ = false;
    end_ = SteadyClock::now();
  }

  bool Failed() const { return failures_ > 0; }
  bool HasMeasured() const { return has_measured_; }

  // Lets no further call begin, waits for those in flight, and tells what was measured.
  absl::StatusOr<LoadResult> Finish() {
    stopping_ = true;
    AwaitIdle();
    if (failures_ > 0) {
      absl::MutexLock lock(&mu_);
      return absl::InternalError(
          absl::StrCat(failures_.load(), " calls failed; the first: ", first_failure_));
    }
    LoadResult result{.measured = absl::FromChrono(end_ - begin_)};
    for (Shard& shard : shards_) {
      absl::MutexLock lock(&shard.mu);
      result.latency.Merge(shard.latency);
    }
    result.calls = result.latency.count();
    return result;
  }

  void AwaitIdle() {
    const auto idle = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return in_flight_ == 0; };
    absl::MutexLock lock(&mu_, absl::Condition(&idle));
  }

 private:
  // Calls end on several threads at once.
  struct Shard {
    absl::Mutex mu;
    LatencyHistogram latency ABSL_GUARDED_BY(mu);
  };

  void Enter(int64_t in_flight_max) {
    const auto room = [this, in_flight_max]()
                          ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return in_flight_ < in_flight_max; };
    absl::MutexLock lock(&mu_, absl::Condition(&room));
    ++in_flight_;
  }
  // The last thing that a call does here: whoever waits may destroy this.
  void Leave() {
    absl::MutexLock lock(&mu_);
    --in_flight_;
  }

  void Loop() {
    const int64_t index = next_index_.fetch_add(1);
    if (stopping_ || index >= calls_max_) {
      Leave();
      return;
    }
    const SteadyTime sent = SteadyClock::now();
    operation_->Start(index, [this, index, sent](const absl::Status& status) {
      Record(index, sent, status);
      Loop();
    });
  }

  void Record(int64_t index, SteadyTime since, const absl::Status& status) {
    if (!status.ok()) {
      RecordFailure(status);
      return;
    }
    if (!measuring_) {
      return;
    }
    const absl::Duration latency = absl::FromChrono(SteadyClock::now() - since);
    Shard& shard = shards_[static_cast<size_t>(index) % shards_.size()];
    {
      absl::MutexLock lock(&shard.mu);
      shard.latency.Record(latency);
    }
    if (!HasMeasured()) {
      has_measured_ = true;
    }
  }

  void RecordFailure(const absl::Status& status) {
    stopping_ = true;
    absl::MutexLock lock(&mu_);
    if (failures_.fetch_add(1) == 0) {
      first_failure_ = status.ToString();
    }
  }

  Operation* const operation_;
  const int64_t calls_max_;
  std::atomic<int64_t> next_index_{0};
  std::atomic<bool> measuring_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<int64_t> failures_{0};
  std::atomic<bool> has_measured_{false};
  SteadyTime begin_;
  SteadyTime end_;
  std::array<Shard, 8> shards_;

  absl::Mutex mu_;
  int64_t in_flight_ ABSL_GUARDED_BY(mu_) = 0;
  std::string first_failure_ ABSL_GUARDED_BY(mu_);
};

absl::Status ObserveWindow(Load& load, const LoadTimes& times, const LoadObserver& observer) {
  const absl::Time start = absl::Now();
  GL_RETURN_IF_ERROR(SleepUntil(start + times.warm_up));
  GL_RETURN_IF_ERROR(observer.begin());
  load.BeginMeasuring();
  GL_RETURN_IF_ERROR(SleepUntil(absl::Now() + times.duration));
  // A machine that is busy with something else.
  while (!load.HasMeasured() && !load.Failed()) {
    GL_RETURN_IF_ERROR(SleepUntil(absl::Now() + kLookAgain));
  }
  load.EndMeasuring();
  return observer.end();
}

// Sends until `until`; the failure of a call ends it early.
absl::Status SendOnSchedule(Load& load, const SendSchedule& schedule, int64_t& index,
                            int64_t in_flight_max, SteadyTime until) {
  while (!load.Failed()) {
    const SteadyTime intended = schedule.IntendedTime(index);
    if (intended >= until) {
      break;
    }
    GL_RETURN_IF_ERROR(CheckInterrupt());
    absl::SleepFor(absl::FromChrono(intended - SteadyClock::now()));
    load.StartCall(intended, in_flight_max);
    ++index;
  }
  return absl::OkStatus();
}

absl::Status ObserveSchedule(Load& load, double calls_per_second, int64_t in_flight_max,
                             const LoadTimes& times, const LoadObserver& observer) {
  const SteadyTime start = SteadyClock::now();
  const SteadyTime begin = start + absl::ToChronoNanoseconds(times.warm_up);
  const SendSchedule schedule(start, calls_per_second);
  int64_t index = 0;
  GL_RETURN_IF_ERROR(SendOnSchedule(load, schedule, index, in_flight_max, begin));
  GL_RETURN_IF_ERROR(observer.begin());
  load.BeginMeasuring();
  GL_RETURN_IF_ERROR(SendOnSchedule(load, schedule, index, in_flight_max,
                                    begin + absl::ToChronoNanoseconds(times.duration)));
  // What was meant to be sent by now counts, however long it takes.
  load.AwaitIdle();
  load.EndMeasuring();
  return observer.end();
}

absl::StatusOr<LoadResult> FinishAfter(Load& load, const absl::Status& observed) {
  absl::StatusOr<LoadResult> result = load.Finish();
  return observed.ok() ? std::move(result) : observed;
}

}  // namespace

absl::StatusOr<LoadResult> RunClosedLoop(Operation& operation, int concurrency,
                                         const LoadTimes& times, const LoadObserver& observer) {
  Load load(&operation, kNoLimit);
  for (int i = 0; i < concurrency; ++i) {
    load.StartLoop();
  }
  return FinishAfter(load, ObserveWindow(load, times, observer));
}

absl::StatusOr<LoadResult> RunOpenLoop(Operation& operation, double calls_per_second,
                                       int in_flight_max, const LoadTimes& times,
                                       const LoadObserver& observer) {
  Load load(&operation, kNoLimit);
  return FinishAfter(load, ObserveSchedule(load, calls_per_second, in_flight_max, times, observer));
}

absl::StatusOr<LoadResult> RunCalls(Operation& operation, int concurrency, int64_t calls) {
  Load load(&operation, calls);
  load.BeginMeasuring();
  for (int i = 0; i < concurrency; ++i) {
    load.StartLoop();
  }
  load.AwaitIdle();
  load.EndMeasuring();
  return load.Finish();
}

}  // namespace genledger::bench
