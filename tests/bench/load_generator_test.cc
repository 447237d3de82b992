#include "tests/bench/load_generator.h"

#include <algorithm>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"

namespace genledger::bench {
namespace {

constexpr LoadTimes kShort = {.warm_up = absl::ZeroDuration(), .duration = absl::Milliseconds(20)};

// Answers every call on a thread of its own, one after the other, when `may_answer` allows it.
class FakeOperation : public Operation {
 public:
  FakeOperation() : thread_([this] { Answer(); }) {}
  ~FakeOperation() override {
    {
      absl::MutexLock lock(&mu_);
      closed_ = true;
    }
    thread_.join();
  }

  void Start(int64_t index, Done done) override {
    absl::MutexLock lock(&mu_);
    started_.insert(index);
    waiting_.push_back({index, std::move(done)});
    in_flight_max_ = std::max(in_flight_max_, waiting_.size());
  }
  absl::StatusOr<MessageSizes> Measure() override { return MessageSizes{}; }

  // Nothing is answered before so many calls have been started.
  void HoldUntilStarted(size_t calls) {
    absl::MutexLock lock(&mu_);
    hold_until_ = calls;
  }
  // The call with that index fails.
  void Fail(int64_t index) { failing_ = index; }
  // How long the answer to call 0 takes.
  void Stall(absl::Duration stall) { stall_ = stall; }

  std::set<int64_t> started() {
    absl::MutexLock lock(&mu_);
    return started_;
  }
  size_t in_flight_max() {
    absl::MutexLock lock(&mu_);
    return in_flight_max_;
  }

 private:
  void Answer() {
    const auto ready = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
      return closed_ || (!waiting_.empty() && started_.size() >= hold_until_);
    };
    while (true) {
      std::pair<int64_t, Done> call;
      {
        absl::MutexLock lock(&mu_, absl::Condition(&ready));
        if (waiting_.empty()) {
          return;
        }
        call = std::move(waiting_.front());
        waiting_.erase(waiting_.begin());
      }
      if (call.first == 0) {
        absl::SleepFor(stall_);  // a server that stands still
      }
      call.second(call.first == failing_ ? absl::UnavailableError("refused") : absl::OkStatus());
    }
  }

  absl::Mutex mu_;
  std::vector<std::pair<int64_t, Done>> waiting_ ABSL_GUARDED_BY(mu_);
  std::set<int64_t> started_ ABSL_GUARDED_BY(mu_);
  size_t in_flight_max_ ABSL_GUARDED_BY(mu_) = 0;
  size_t hold_until_ ABSL_GUARDED_BY(mu_) = 0;
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
  int64_t failing_ = -1;
  absl::Duration stall_;
  std::thread thread_;
};

TEST(RunClosedLoop, KeepsExactlySoManyCallsInFlight) {
  FakeOperation operation;
  operation.HoldUntilStarted(5);
  const auto result = RunClosedLoop(operation, 5, kShort);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(operation.in_flight_max(), 5);
  EXPECT_GT(result->calls, 0);
  EXPECT_EQ(result->calls, result->latency.count());
}

TEST(RunClosedLoop, MeasuresACallEvenIfItTakesLongerThanTheLoad) {
  FakeOperation operation;
  operation.Stall(absl::Milliseconds(100));
  const auto result = RunClosedLoop(operation, 1, kShort);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_GE(result->latency.Max(), absl::Milliseconds(100));
}

TEST(RunClosedLoop, OneFailedCallFailsTheLoad) {
  FakeOperation operation;
  operation.Fail(3);
  const auto result = RunClosedLoop(operation, 2, kShort);
  EXPECT_EQ(result.status().code(), absl::StatusCode::kInternal);
  EXPECT_NE(result.status().message().find("refused"), absl::string_view::npos);
}

TEST(RunClosedLoop, AFailedObserverFailsTheLoadOnceItsCallsHaveEnded) {
  FakeOperation operation;
  const auto result =
      RunClosedLoop(operation, 2, kShort, {.end = [] { return absl::NotFoundError("gone"); }});
  EXPECT_EQ(result.status(), absl::NotFoundError("gone"));
}

TEST(RunCalls, MakesEachCallOnceAndMeasuresAll) {
  FakeOperation operation;
  const auto result = RunCalls(operation, 3, 100);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->calls, 100);
  const std::set<int64_t> started = operation.started();
  EXPECT_EQ(started.size(), 100);
  EXPECT_EQ(*started.begin(), 0);
  EXPECT_EQ(*started.rbegin(), 99);
}

TEST(RunOpenLoop, SendsOnScheduleAlthoughNothingIsAnswered) {
  FakeOperation operation;
  operation.HoldUntilStarted(10);
  const auto result = RunOpenLoop(operation, 1000, 100, kShort);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->calls, 20);
  EXPECT_GE(operation.in_flight_max(), 10);
}

TEST(RunOpenLoop, ChargesAStallToEveryCallThatItKeptFromBeingSent) {
  FakeOperation operation;
  operation.Stall(absl::Milliseconds(100));
  // One at a time: the calls after the first can only be sent when that is answered. All were meant
  // to be sent within 20 ms, so each of them is at least 80 ms late.
  const auto result = RunOpenLoop(operation, 1000, 1, kShort);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->calls, 20);
  EXPECT_GE(result->latency.Percentile(0), absl::Milliseconds(80));
}

TEST(RunOpenLoop, OneFailedCallFailsTheLoad) {
  FakeOperation operation;
  operation.Fail(0);
  EXPECT_FALSE(RunOpenLoop(operation, 1000, 100, kShort).ok());
}

}  // namespace
}  // namespace genledger::bench
