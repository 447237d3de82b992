#include "clients/cpp/watch_call.h"

#include <utility>

namespace genledger::client {

WatchCall::WatchCall(v1::GenerationService::Stub& stub,
                     std::unique_ptr<grpc::ClientContext> context,
                     const v1::WatchSubmissionRequest& request)
    : context_(std::move(context)),
      reader_(stub.AsyncWatchSubmission(context_.get(), request, &queue_, this)) {}

WatchCall::~WatchCall() {
  context_->TryCancel();
  queue_.Shutdown();
  // The operation under way writes into this object until the queue has given it back.
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
  }
}

WatchCall::Step WatchCall::Read(absl::Duration patience, v1::WatchSubmissionResponse& message) {
  const auto deadline = absl::ToChronoTime(absl::Now() + patience);
  while (phase_ != Phase::kEnded) {
    void* tag = nullptr;
    bool ok = false;
    if (queue_.AsyncNext(&tag, &ok, deadline) != grpc::CompletionQueue::GOT_EVENT) {
      return Step::kNothing;
    }
    if (phase_ == Phase::kFinishing) {
      phase_ = Phase::kEnded;
    } else if (!ok) {
      phase_ = Phase::kFinishing;
      reader_->Finish(&status_, this);
    } else if (phase_ == Phase::kStarting) {
      phase_ = Phase::kReading;
      reader_->Read(&incoming_, this);
    } else {
      message = std::exchange(incoming_, v1::WatchSubmissionResponse());
      reader_->Read(&incoming_, this);
      return Step::kMessage;
    }
  }
  return Step::kEnded;
}

}  // namespace genledger::client
