#include "clients/cpp/genledgerctl/bulk_submit.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"

namespace genledger::ctl {
namespace {

// Where the server does not say when a repeat may do better.
constexpr absl::Duration kRepeatDelay = absl::Seconds(1);
// Answers that wait for an earlier line's are held in memory.
constexpr int64_t kAnswersWaitingMax = 10'000;

bool NotNow(const client::Error& error) {
  const bool never = error.pushback.has_value() && *error.pushback < absl::ZeroDuration();
  return (error.code == grpc::StatusCode::UNAVAILABLE && !never) ||
         error.code == grpc::StatusCode::RESOURCE_EXHAUSTED;
}

}  // namespace

BulkSubmit::BulkSubmit(client::Client& client, BulkReader& reader, Options options)
    : client_(client), options_(options), reader_(reader) {
  for (int i = 0; i < options_.concurrency; ++i) {
    workers_.emplace_back([this] { Work(); });
  }
}

BulkSubmit::~BulkSubmit() {
  {
    const absl::MutexLock lock(&mu_);
    stopping_ = true;
  }
  for (std::thread& worker : workers_) {
    worker.join();
  }
}

void BulkSubmit::Stop() {
  const absl::MutexLock lock(&mu_);
  stopping_ = true;
  exhausted_ = true;
}

std::optional<BulkAnswer> BulkSubmit::Next(absl::Duration wait) {
  const absl::MutexLock lock(&mu_);
  const auto ready = [this]() ABSL_SHARED_LOCKS_REQUIRED(mu_) { return HasNext() || Ended(); };
  if (!mu_.AwaitWithTimeout(absl::Condition(&ready), wait) || !HasNext()) {
    return std::nullopt;
  }
  const auto next = answers_.begin();
  std::optional<BulkAnswer> answer = std::move(next->second);
  answers_.erase(next);
  ++told_;
  return answer;
}

bool BulkSubmit::ended() const {
  const absl::MutexLock lock(&mu_);
  return Ended();
}

int64_t BulkSubmit::answered() const {
  const absl::MutexLock lock(&mu_);
  return answered_;
}

bool BulkSubmit::HasNext() const { return !answers_.empty() && answers_.begin()->first == told_; }

bool BulkSubmit::Ended() const { return exhausted_ && told_ == taken_; }

void BulkSubmit::Work() {
  while (std::optional<std::pair<int64_t, BulkJob>> taken = Take()) {
    BulkJob& job = taken->second;
    client::Result<v1::SubmitGenerationResponse> answer =
        job.request.ok() ? Submit(*job.request) : job.request.error();
    const absl::MutexLock lock(&mu_);
    ++answered_;
    answers_.emplace(taken->first, BulkAnswer{.job = std::move(job), .answer = std::move(answer)});
  }
}

std::optional<std::pair<int64_t, BulkJob>> BulkSubmit::Take() {
  // For as long as it takes to read, so that places and lines have one order.
  const absl::MutexLock reader_lock(&reader_mu_);
  {
    const absl::MutexLock lock(&mu_);
    const auto room = [this]() ABSL_SHARED_LOCKS_REQUIRED(mu_) {
      return stopping_ || taken_ - told_ < kAnswersWaitingMax;
    };
    mu_.Await(absl::Condition(&room));
    if (stopping_ || exhausted_) {
      return std::nullopt;
    }
  }
  std::optional<BulkJob> job = reader_.Next();
  const absl::MutexLock lock(&mu_);
  if (stopping_ || !job.has_value()) {
    exhausted_ = true;
    return std::nullopt;
  }
  return std::pair(taken_++, *std::move(job));
}

client::Result<v1::SubmitGenerationResponse> BulkSubmit::Submit(
    const v1::SubmitGenerationRequest& request) {
  const absl::Time give_up_time = absl::Now() + options_.patience;
  for (;;) {
    client::Result<v1::SubmitGenerationResponse> answer = client_.Submit(request);
    if (answer.ok() || !NotNow(answer.error())) {
      return answer;
    }
    const absl::Duration delay =
        std::max(answer.error().retry_delay.value_or(kRepeatDelay), absl::Milliseconds(100));
    if (absl::Now() + delay >= give_up_time || !SleepUnlessStopping(delay)) {
      return answer;
    }
  }
}

bool BulkSubmit::SleepUnlessStopping(absl::Duration delay) {
  const absl::MutexLock lock(&mu_);
  return !mu_.AwaitWithTimeout(absl::Condition(&stopping_), delay);
}

}  // namespace genledger::ctl
