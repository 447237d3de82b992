// A gRPC server on a port of its own that answers what a test tells it to.
#pragma once

#include <grpcpp/server.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "genledger/v1/admin_service.grpc.pb.h"
#include "genledger/v1/generation_service.grpc.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"

namespace genledger::test {

template <typename Request, typename Response>
using Handler = std::function<grpc::Status(grpc::ServerContext&, const Request&, Response&)>;

// Writes what the stream says; its return ends the stream.
using WatchHandler =
    std::function<grpc::Status(grpc::ServerContext&, const v1::WatchSubmissionRequest&,
                               grpc::ServerWriter<v1::WatchSubmissionResponse>&)>;

// What the server answers; an empty handler answers UNIMPLEMENTED. Set them before the first call.
struct Handlers {
  Handler<v1::SubmitGenerationRequest, v1::SubmitGenerationResponse> submit;
  Handler<v1::GetSubmissionRequest, v1::Submission> get;
  Handler<v1::BatchGetSubmissionsRequest, v1::BatchGetSubmissionsResponse> batch_get;
  Handler<v1::ListSubmissionsRequest, v1::ListSubmissionsResponse> list;
  WatchHandler watch;
  Handler<v1::CancelSubmissionRequest, v1::CancelSubmissionResponse> cancel;
  Handler<v1::ReleaseDedupeRequest, v1::Submission> release;
  Handler<v1::ListModelsRequest, v1::ListModelsResponse> models;
  Handler<v1::ResolveSubmissionRequest, v1::Submission> resolve;
  Handler<v1::BulkResolveSubmissionsRequest, v1::BulkResolveSubmissionsResponse> bulk_resolve;
  Handler<v1::RetrySubmissionRequest, v1::Submission> retry;
  Handler<v1::GetServiceStatusRequest, v1::ServiceStatus> status;
  Handler<grpc::health::v1::HealthCheckRequest, grpc::health::v1::HealthCheckResponse> health;
};

// One call as it came in.
struct SeenCall {
  std::string authorization;
  v1::SubmitGenerationRequest submit;  // of SubmitGeneration only
  v1::WatchSubmissionRequest watch;    // of WatchSubmission only
};

// A handler sees what the handlers of answered calls wrote, and so does who has called calls()
// since: libgrpc would order that too, but ThreadSanitizer does not see into it.
class FakeServer {
 public:
  explicit FakeServer(Handlers handlers);
  ~FakeServer();

  const std::string& address() const { return address_; }
  std::vector<SeenCall> calls() const;

 private:
  class Generations;
  class Admin;
  class Health;

  void Record(const grpc::ServerContext& context, SeenCall call);
  template <typename Request, typename Response>
  grpc::Status Answer(const Handler<Request, Response>& handler, grpc::ServerContext* context,
                      const Request* request, Response* response);

  const Handlers handlers_;
  mutable absl::Mutex mu_;
  std::vector<SeenCall> calls_ ABSL_GUARDED_BY(mu_);
  int answered_ ABSL_GUARDED_BY(mu_) = 0;
  std::unique_ptr<Generations> generations_;
  std::unique_ptr<Admin> admin_;
  std::unique_ptr<Health> health_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

// An error as a Genledger server sends it.
struct FakeError {
  grpc::StatusCode code = grpc::StatusCode::UNKNOWN;
  std::string message;
  std::string reason;
  std::map<std::string, std::string> metadata;
  std::vector<std::pair<std::string, std::string>> violations;
  std::optional<absl::Duration> retry_delay;
  std::string domain = "genledger";
};
grpc::Status ToStatus(const FakeError& error);

// The submission that the page's example becomes, SUBMITTED.
v1::Submission ExampleSubmission();

}  // namespace genledger::test
