// One WatchSubmission stream, read with a time limit.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/support/async_stream.h>

#include <memory>

#include "absl/time/time.h"
#include "genledger/v1/generation_service.grpc.pb.h"

namespace genledger::client {

// Begins with its construction and is cancelled by its destruction. Not thread safe.
class WatchCall {
 public:
  enum class Step {
    kMessage,  // `message` is set
    kNothing,  // nothing came in time
    kEnded,    // see status()
  };

  // `context` carries the credentials; it must have no deadline.
  WatchCall(v1::GenerationService::Stub& stub, std::unique_ptr<grpc::ClientContext> context,
            const v1::WatchSubmissionRequest& request);
  ~WatchCall();
  WatchCall(const WatchCall&) = delete;
  WatchCall& operator=(const WatchCall&) = delete;

  // Waits for the next message, at most `patience`.
  Step Read(absl::Duration patience, v1::WatchSubmissionResponse& message);

  // After kEnded.
  const grpc::Status& status() const { return status_; }
  const grpc::ClientContext& context() const { return *context_; }

 private:
  // Which operation is under way; there is always one until the end.
  enum class Phase { kStarting, kReading, kFinishing, kEnded };

  const std::unique_ptr<grpc::ClientContext> context_;
  grpc::CompletionQueue queue_;
  const std::unique_ptr<grpc::ClientAsyncReader<v1::WatchSubmissionResponse>> reader_;
  Phase phase_ = Phase::kStarting;
  v1::WatchSubmissionResponse incoming_;
  grpc::Status status_;
};

}  // namespace genledger::client
