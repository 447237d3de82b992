#include "service/rpc/watch_stream.h"

#include <utility>
#include <variant>

#include "service/rpc/proto_convert.h"
#include "service/rpc/status_convert.h"

namespace genledger {

WatchStream* WatchStream::Start(grpc::CallbackServerContext* context,
                                std::shared_ptr<SubmissionWatch> watch) {
  auto* stream = new WatchStream(context, std::move(watch));
  stream->Pull();
  return stream;
}

WatchStream* WatchStream::Refuse(grpc::CallbackServerContext* context, const absl::Status& status) {
  auto* stream = new WatchStream(context, nullptr);
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
  if (const auto* snapshot = std::get_if<SubmissionWithAttempts>(&*message)) {
    SubmissionToProto(snapshot->submission, snapshot->attempts, response_.mutable_snapshot());
  } else if (const auto* event = std::get_if<SubmissionEvent>(&*message)) {
    EventToProto(*event, response_.mutable_event());
  } else if (const auto* heartbeat = std::get_if<SubmissionWatch::Heartbeat>(&*message)) {
    TimeToProto(heartbeat->time, response_.mutable_heartbeat()->mutable_time());
  } else if (const auto* resume = std::get_if<SubmissionWatch::Resume>(&*message)) {
    response_.mutable_resume()->set_after_revision(resume->after_revision);
    last_ = true;
  } else {
    End(absl::OkStatus());
    return;
  }
  absl::MutexLock lock(&mu_);
  if (!finished_) {
    StartWrite(&response_);
  }
}

void WatchStream::End(const absl::Status& status) {
  absl::MutexLock lock(&mu_);
  if (!finished_) {
    finished_ = true;
    Finish(status.ok() ? grpc::Status::OK : FinishWithError(context_, status));
  }
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
