#include "service/rpc/watch_stream.h"

#include <utility>

#include "service/api/watch_message.h"
#include "service/rpc/status_convert.h"

namespace genledger {

WatchStream* WatchStream::Start(grpc::CallbackServerContext* context, AccessLine line,
                                std::shared_ptr<SubmissionWatch> watch) {
  auto* stream = new WatchStream(context, std::move(line), std::move(watch));
  stream->Pull();
  return stream;
}

WatchStream* WatchStream::Refuse(grpc::CallbackServerContext* context, AccessLine line,
                                 const absl::Status& status) {
  auto* stream = new WatchStream(context, std::move(line), nullptr);
  stream->End(status);
  return stream;
}

void WatchStream::Pull() {
  {
    absl::MutexLock lock(&mu_);
    if (finished_) {
      return;
    }
    ++holders_;
  }
  watch_->Next([this](absl::StatusOr<SubmissionWatch::Message> message) {
    OnMessage(std::move(message));
    Release();
  });
}

void WatchStream::OnMessage(absl::StatusOr<SubmissionWatch::Message> message) {
  if (!message.ok()) {
    End(message.status());
    return;
  }
  response_.Clear();
  const WatchStep step = WatchMessageToProto(*message, &response_);
  if (step == WatchStep::kEnd) {
    End(absl::OkStatus());
    return;
  }
  last_ = step == WatchStep::kSendLast;
  absl::MutexLock lock(&mu_);
  if (!finished_) {
    StartWrite(&response_);
  }
}

void WatchStream::End(const absl::Status& status) {
  {
    absl::MutexLock lock(&mu_);
    if (finished_) {
      return;
    }
    finished_ = true;
    Finish(status.ok() ? grpc::Status::OK : FinishWithError(context_, status));
  }
  // Still alive: whoever calls this holds the stream, or is a callback that gRPC waits for.
  line_.End(status);
}

void WatchStream::OnWriteDone(bool ok) {
  if (!ok) {
    End(absl::CancelledError("the caller has gone"));
  } else if (last_) {
    End(absl::OkStatus());
  } else {
    Pull();
  }
}

void WatchStream::OnCancel() {
  End(absl::CancelledError("the caller has gone"));
  if (watch_ != nullptr) {
    watch_->StopWaiting();
  }
}

void WatchStream::OnDone() { Release(); }

void WatchStream::Release() {
  bool last = false;
  {
    absl::MutexLock lock(&mu_);
    last = --holders_ == 0;
  }
  if (last) {
    delete this;
  }
}

}  // namespace genledger
