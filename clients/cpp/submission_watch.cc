#include "clients/cpp/submission_watch.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "clients/cpp/credentials.h"
#include "clients/cpp/retry_loop.h"

namespace genledger::client {

Result<SubmissionWatch::News> SubmissionWatch::Next(absl::Duration patience) {
  if (ended_) {
    return News(Ended{});
  }
  if (call_ == nullptr) {
    const absl::Duration delay = open_time_ - options_->environment.now();
    if (delay > absl::ZeroDuration()) {
      options_->environment.sleep(std::min(delay, patience));
    }
    if (delay > patience) {
      return News(NothingYet{});
    }
    if (std::optional<Error> error = Open(); error.has_value()) {
      return *std::move(error);
    }
  }
  const absl::Duration silence_max = call_spoke_ ? options_->watch_silence_max : options_->timeout;
  const absl::Duration silence_left = heard_time_ + silence_max - absl::Now();
  v1::WatchSubmissionResponse message;
  switch (call_->Read(std::min(patience, silence_left), message)) {
    case WatchCall::Step::kMessage:
      return Take(std::move(message));
    case WatchCall::Step::kEnded:
      return OnEnd();
    case WatchCall::Step::kNothing:
      break;
  }
  return absl::Now() < heard_time_ + silence_max ? Result<News>(NothingYet{}) : OnSilence();
}

std::optional<Error> SubmissionWatch::Open() {
  auto context = std::make_unique<grpc::ClientContext>();
  if (std::optional<Error> error = AddCredentials(*options_, *context); error.has_value()) {
    return error;
  }
  call_ = std::make_unique<WatchCall>(*stub_, std::move(context), request_);
  call_spoke_ = false;
  draining_ = false;
  heard_time_ = absl::Now();
  if (failures_ == 0) {
    give_up_time_ = options_->environment.now() + options_->timeout;
  }
  return std::nullopt;
}

SubmissionWatch::News SubmissionWatch::Take(v1::WatchSubmissionResponse message) {
  const bool first_message = !had_stream_;
  had_stream_ = true;
  call_spoke_ = true;
  heard_time_ = absl::Now();
  failures_ = 0;
  if (message.has_resume()) {
    draining_ = true;
  } else if (message.has_event() && message.event().revision() > request_.after_revision()) {
    request_.set_after_revision(message.event().revision());
    return std::move(*message.mutable_event());
  } else if (message.has_snapshot() && first_message) {
    // A later stream's snapshot is ahead of the events that follow it: it would be out of order.
    if (request_.after_revision() == 0) {
      request_.set_after_revision(message.snapshot().revision());
    }
    return std::move(*message.mutable_snapshot());
  }
  return NothingYet{};
}

Result<SubmissionWatch::News> SubmissionWatch::OnEnd() {
  if (!call_->status().ok()) {
    return Retry(ErrorFromAttempt(call_->status(), call_->context()));
  }
  if (draining_) {
    return Retry(LocalError(grpc::StatusCode::UNAVAILABLE, "the server drains"));
  }
  ended_ = true;
  return News(Ended{});
}

Result<SubmissionWatch::News> SubmissionWatch::OnSilence() {
  return Retry(had_stream_ ? LocalError(grpc::StatusCode::UNAVAILABLE, "the stream fell silent")
                           : LocalError(grpc::StatusCode::DEADLINE_EXCEEDED,
                                        "the server did not answer in time"));
}

Result<SubmissionWatch::News> SubmissionWatch::Retry(Error error) {
  call_.reset();
  const absl::Time now = options_->environment.now();
  RetryOptions retry = options_->retry;
  if (had_stream_) {
    retry.attempts_max = std::numeric_limits<int>::max();
    if (failures_ == 0) {
      give_up_time_ = now + options_->watch_reconnect_max;
    }
  }
  error.attempts = ++failures_;
  const auto next = AfterFailure(retry, options_->environment, error, give_up_time_);
  if (const RetryStop* stop = std::get_if<RetryStop>(&next); stop != nullptr) {
    error.stop = *stop;
    failures_ = 0;
    return error;
  }
  open_time_ = now + std::get<absl::Duration>(next);
  return News(NothingYet{});
}

}  // namespace genledger::client
