// WatchSubmission over gRPC: one stream that pulls a SubmissionWatch as fast as its reader reads.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "genledger/v1/generation_service.pb.h"
#include "service/api/access_line.h"
#include "service/dispatch/submission_watch.h"

namespace genledger {

// Deletes itself when gRPC is done with it and the watch has answered.
class WatchStream final : public grpc::ServerWriteReactor<v1::WatchSubmissionResponse> {
 public:
  static WatchStream* Start(grpc::CallbackServerContext* context, AccessLine line,
                            std::shared_ptr<SubmissionWatch> watch);
  // A stream that ends at once with an error.
  static WatchStream* Refuse(grpc::CallbackServerContext* context, AccessLine line,
                             const absl::Status& status);

 private:
  WatchStream(grpc::CallbackServerContext* context, AccessLine line,
              std::shared_ptr<SubmissionWatch> watch)
      : context_(context), line_(std::move(line)), watch_(std::move(watch)) {}

  void Pull();
  void OnMessage(absl::StatusOr<SubmissionWatch::Message> message);
  void End(const absl::Status& status);
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;
  // One of the two that keep this object alive, gRPC and the pull under way, lets go.
  void Release();

  grpc::CallbackServerContext* const context_;
  AccessLine line_;                               // of whoever ends the stream
  const std::shared_ptr<SubmissionWatch> watch_;  // null: refused
  v1::WatchSubmissionResponse response_;

  absl::Mutex mu_;
  bool finished_ ABSL_GUARDED_BY(mu_) = false;
  int holders_ ABSL_GUARDED_BY(mu_) = 1;
  // The message under way is the stream's last.
  bool last_ = false;
};

}  // namespace genledger
