// One submission as it changes, over as many streams as that takes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>

#include "absl/time/time.h"
#include "clients/cpp/options.h"
#include "clients/cpp/result.h"
#include "clients/cpp/watch_call.h"
#include "genledger/v1/generation_service.grpc.pb.h"

namespace genledger::client {

// A snapshot first, then every event in revision order, each once and without a gap: a stream that
// breaks, falls silent or is ended by a server that drains is followed by another that goes on
// where it ended. To end it sooner, destroy it. Not thread safe.
class SubmissionWatch {
 public:
  // Nothing to tell within the patience, or only a sign of life.
  struct NothingYet {};
  // The submission is SUBMITTED, FAILED, CANCELLED or ABANDONED, and all its events were told.
  struct Ended {};
  using News = std::variant<v1::Submission, v1::SubmissionEvent, NothingYet, Ended>;

  // Client::Watch makes them. Calls nothing yet; `stub` and `options` must outlive it.
  SubmissionWatch(v1::GenerationService::Stub* stub, const ClientOptions* options,
                  v1::WatchSubmissionRequest request)
      : stub_(stub), options_(options), request_(std::move(request)) {}

  // The next news. Blocks for `patience` at most, and hardly longer; it may answer NothingYet
  // sooner. Only UNAVAILABLE (which a silent and a reset stream are too) is retried: until the
  // first stream has spoken as every call is, later for ClientOptions::watch_reconnect_max. After
  // an error, calling again tries anew. NOT_FOUND; the errors of every call (DEADLINE_EXCEEDED: the
  // first stream did not speak within ClientOptions::timeout).
  Result<News> Next(absl::Duration patience);

  // Where another watch would go on: the last event that was told; before the first one what
  // WatchSubmissionRequest.after_revision said, or else the snapshot's; 0 before the snapshot.
  int64_t revision() const { return request_.after_revision(); }

 private:
  std::optional<Error> Open();
  News Take(v1::WatchSubmissionResponse message);
  Result<News> OnEnd();
  Result<News> OnSilence();
  Result<News> Retry(Error error);

  v1::GenerationService::Stub* stub_;
  const ClientOptions* options_;
  v1::WatchSubmissionRequest request_;  // as the next stream sends it

  std::unique_ptr<WatchCall> call_;  // null: to be opened at open_time_
  absl::Time open_time_ = absl::InfinitePast();
  // When the call was opened or last spoke, on the system's clock: what gRPC waits by.
  absl::Time heard_time_ = absl::InfinitePast();
  bool call_spoke_ = false;

  bool had_stream_ = false;  // some stream has spoken
  bool draining_ = false;    // the call's end is not the submission's
  bool ended_ = false;
  int failures_ = 0;                                // in a row
  absl::Time give_up_time_ = absl::InfinitePast();  // of the failures in a row
};

}  // namespace genledger::client
