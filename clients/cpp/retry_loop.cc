#include "clients/cpp/retry_loop.h"

#include <algorithm>
#include <chrono>
#include <string_view>

#include "absl/random/random.h"

namespace genledger::client {
namespace {

constexpr char kPushback[] = "grpc-retry-pushback-ms";

std::optional<absl::Duration> PushbackOf(const grpc::ClientContext& context) {
  const auto& trailers = context.GetServerTrailingMetadata();
  const auto found = trailers.find(kPushback);
  if (found == trailers.end()) {
    return std::nullopt;
  }
  return PushbackFromText(std::string_view(found->second.data(), found->second.size()));
}

double RandomShare(const Environment& environment) {
  if (environment.random) {
    return environment.random();
  }
  absl::BitGen generator;
  return absl::Uniform(generator, 0.0, 1.0);
}

// base, 2 base, 4 base, … up to max.
absl::Duration BackoffAfter(const RetryOptions& options, int attempts) {
  absl::Duration backoff = options.backoff_base;
  for (int i = 1; i < attempts && backoff < options.backoff_max; ++i) {
    backoff *= 2;
  }
  return std::min(backoff, options.backoff_max);
}

absl::Duration DelayAfter(const RetryOptions& options, const Environment& environment,
                          const Error& error) {
  if (error.pushback.has_value()) {
    return *error.pushback;
  }
  const absl::Duration delay = BackoffAfter(options, error.attempts) * RandomShare(environment);
  return std::max(delay, error.retry_delay.value_or(absl::ZeroDuration()));
}

// Why there is no further attempt after `error`, whatever the delay; nullopt: there may be one.
std::optional<RetryStop> StopAfter(const RetryOptions& options, const Error& error) {
  if (error.code != grpc::StatusCode::UNAVAILABLE) {
    return RetryStop::kNotRetryable;
  }
  if (error.pushback.has_value() && *error.pushback < absl::ZeroDuration()) {
    return RetryStop::kForbidden;
  }
  if (error.attempts >= options.attempts_max) {
    return RetryStop::kAttemptsUsedUp;
  }
  return std::nullopt;
}

std::optional<Error> AttemptOnce(absl::Duration time_left, const AttemptFunction& attempt) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMicroseconds(time_left));
  const grpc::Status status = attempt(context);
  if (status.ok()) {
    return std::nullopt;
  }
  return ErrorFromAttempt(status, context);
}

}  // namespace

std::variant<absl::Duration, RetryStop> AfterFailure(const RetryOptions& options,
                                                     const Environment& environment,
                                                     const Error& error, absl::Time deadline) {
  if (const std::optional<RetryStop> stop = StopAfter(options, error); stop.has_value()) {
    return *stop;
  }
  const absl::Duration delay = DelayAfter(options, environment, error);
  if (environment.now() + delay >= deadline) {
    return RetryStop::kNoTimeLeft;
  }
  return delay;
}

Error ErrorFromAttempt(const grpc::Status& status, const grpc::ClientContext& context) {
  Error error = ErrorFromStatus(status);
  error.pushback = PushbackOf(context);
  if (error.code == grpc::StatusCode::CANCELLED) {
    // Nobody here has cancelled it: a server that shuts down resets what is still open.
    error.code = grpc::StatusCode::UNAVAILABLE;
    error.message = "the call was reset";
  }
  return error;
}

std::optional<Error> CallWithRetries(const RetryOptions& options, const Environment& environment,
                                     absl::Duration timeout, const AttemptFunction& attempt) {
  const absl::Time deadline = environment.now() + timeout;
  for (int attempts = 1;; ++attempts) {
    std::optional<Error> error = AttemptOnce(deadline - environment.now(), attempt);
    if (!error.has_value()) {
      return std::nullopt;
    }
    error->attempts = attempts;
    const auto next = AfterFailure(options, environment, *error, deadline);
    if (const RetryStop* stop = std::get_if<RetryStop>(&next); stop != nullptr) {
      error->stop = *stop;
      return error;
    }
    environment.sleep(std::get<absl::Duration>(next));
  }
}

}  // namespace genledger::client
