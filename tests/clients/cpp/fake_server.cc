#include "tests/clients/cpp/fake_server.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <utility>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace genledger::test {

class FakeServer::Generations final : public v1::GenerationService::Service {
 public:
  explicit Generations(FakeServer* owner) : owner_(owner) {}

 private:
  grpc::Status SubmitGeneration(grpc::ServerContext* context,
                                const v1::SubmitGenerationRequest* request,
                                v1::SubmitGenerationResponse* response) override {
    owner_->Record(*context, {.submit = *request});
    return owner_->Answer(owner_->handlers_.submit, context, request, response);
  }
  grpc::Status GetSubmission(grpc::ServerContext* context, const v1::GetSubmissionRequest* request,
                             v1::Submission* response) override {
    owner_->Record(*context, {});
    return owner_->Answer(owner_->handlers_.get, context, request, response);
  }
  grpc::Status BatchGetSubmissions(grpc::ServerContext* context,
                                   const v1::BatchGetSubmissionsRequest* request,
                                   v1::BatchGetSubmissionsResponse* response) override {
    owner_->Record(*context, {});
    return owner_->Answer(owner_->handlers_.batch_get, context, request, response);
  }
  grpc::Status ListSubmissions(grpc::ServerContext* context,
                               const v1::ListSubmissionsRequest* request,
                               v1::ListSubmissionsResponse* response) override {
    owner_->Record(*context, {});
    return owner_->Answer(owner_->handlers_.list, context, request, response);
  }
  grpc::Status ListModels(grpc::ServerContext* context, const v1::ListModelsRequest* request,
                          v1::ListModelsResponse* response) override {
    owner_->Record(*context, {});
    return owner_->Answer(owner_->handlers_.models, context, request, response);
  }
  grpc::Status WatchSubmission(grpc::ServerContext* context,
                               const v1::WatchSubmissionRequest* request,
                               grpc::ServerWriter<v1::WatchSubmissionResponse>* writer) override {
    owner_->Record(*context, {.watch = *request});
    const grpc::Status status =
        owner_->handlers_.watch ? owner_->handlers_.watch(*context, *request, *writer)
                                : grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "not in this test");
    absl::MutexLock lock(&owner_->mu_);
    ++owner_->answered_;
    return status;
  }
  grpc::Status CancelSubmission(grpc::ServerContext* context,
                                const v1::CancelSubmissionRequest* request,
                                v1::CancelSubmissionResponse* response) override {
    owner_->Record(*context, {});
    return owner_->Answer(owner_->handlers_.cancel, context, request, response);
  }
  grpc::Status ReleaseDedupe(grpc::ServerContext* context, const v1::ReleaseDedupeRequest* request,
                             v1::Submission* response) override {
    owner_->Record(*context, {});
    return owner_->Answer(owner_->handlers_.release, context, request, response);
  }

  FakeServer* const owner_;
};

class FakeServer::Admin final : public v1::AdminService::Service {
 public:
  explicit Admin(FakeServer* owner) : owner_(owner) {}

 private:
  grpc::Status ResolveSubmission(grpc::ServerContext* context,
                                 const v1::ResolveSubmissionRequest* request,
                                 v1::Submission* response) override {
    owner_->Record(*context, {});
    return owner_->Answer(owner_->handlers_.resolve, context, request, response);
  }
  grpc::Status BulkResolveSubmissions(grpc::ServerContext* context,
                                      const v1::BulkResolveSubmissionsRequest* request,
                                      v1::BulkResolveSubmissionsResponse* response) override {
    owner_->Record(*context, {});
    return owner_->Answer(owner_->handlers_.bulk_resolve, context, request, response);
  }
  grpc::Status RetrySubmission(grpc::ServerContext* context,
                               const v1::RetrySubmissionRequest* request,
                               v1::Submission* response) override {
    owner_->Record(*context, {});
    return owner_->Answer(owner_->handlers_.retry, context, request, response);
  }
  grpc::Status GetServiceStatus(grpc::ServerContext* context,
                                const v1::GetServiceStatusRequest* request,
                                v1::ServiceStatus* response) override {
    owner_->Record(*context, {});
    return owner_->Answer(owner_->handlers_.status, context, request, response);
  }

  FakeServer* const owner_;
};

class FakeServer::Health final : public grpc::health::v1::Health::Service {
 public:
  explicit Health(FakeServer* owner) : owner_(owner) {}

 private:
  grpc::Status Check(grpc::ServerContext* context,
                     const grpc::health::v1::HealthCheckRequest* request,
                     grpc::health::v1::HealthCheckResponse* response) override {
    owner_->Record(*context, {});
    return owner_->Answer(owner_->handlers_.health, context, request, response);
  }

  FakeServer* const owner_;
};

template <typename Request, typename Response>
grpc::Status FakeServer::Answer(const Handler<Request, Response>& handler,
                                grpc::ServerContext* context, const Request* request,
                                Response* response) {
  grpc::Status status = handler ? handler(*context, *request, *response)
                                : grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "not in this test");
  absl::MutexLock lock(&mu_);
  ++answered_;
  return status;
}

FakeServer::FakeServer(Handlers handlers)
    : handlers_(std::move(handlers)),
      generations_(std::make_unique<Generations>(this)),
      admin_(std::make_unique<Admin>(this)),
      health_(std::make_unique<Health>(this)) {
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(generations_.get());
  builder.RegisterService(admin_.get());
  builder.RegisterService(health_.get());
  server_ = builder.BuildAndStart();
  address_ = "127.0.0.1:" + std::to_string(port);
}

FakeServer::~FakeServer() { server_->Shutdown(std::chrono::system_clock::now()); }

std::vector<SeenCall> FakeServer::calls() const {
  absl::MutexLock lock(&mu_);
  return calls_;
}

void FakeServer::Record(const grpc::ServerContext& context, SeenCall call) {
  const auto found = context.client_metadata().find("authorization");
  if (found != context.client_metadata().end()) {
    call.authorization.assign(found->second.data(), found->second.size());
  }
  absl::MutexLock lock(&mu_);
  calls_.push_back(std::move(call));
}

grpc::Status ToStatus(const FakeError& error) {
  google::rpc::Status proto;
  proto.set_code(error.code);
  proto.set_message(error.message);
  if (!error.reason.empty()) {
    google::rpc::ErrorInfo info;
    info.set_domain(error.domain);
    info.set_reason(error.reason);
    info.mutable_metadata()->insert(error.metadata.begin(), error.metadata.end());
    proto.add_details()->PackFrom(info);
  }
  if (!error.violations.empty()) {
    google::rpc::BadRequest request;
    for (const auto& [field, description] : error.violations) {
      auto* violation = request.add_field_violations();
      violation->set_field(field);
      violation->set_description(description);
    }
    proto.add_details()->PackFrom(request);
  }
  if (error.retry_delay.has_value()) {
    google::rpc::RetryInfo retry;
    const int64_t millis = absl::ToInt64Milliseconds(*error.retry_delay);
    retry.mutable_retry_delay()->set_seconds(millis / 1000);
    retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>(millis % 1000 * 1'000'000));
    proto.add_details()->PackFrom(retry);
  }
  return {error.code, error.message, proto.SerializeAsString()};
}

v1::Submission ExampleSubmission() {
  v1::Submission submission;
  submission.set_id("sub_01K88B53MTK41PP5KGDTG2PA5P");
  submission.set_tenant("default");
  v1::GenerationSpec* spec = submission.mutable_spec();
  spec->set_model("veo3.1-fast");
  spec->set_prompt("海豚在碧蓝海洋中跳跃");
  spec->set_duration(8);
  spec->set_aspect_ratio("16:9");
  spec->set_resolution("720p");
  submission.set_request_hash("00ff");
  submission.set_hash_version(1);
  submission.set_state(v1::Submission::STATE_SUBMITTED);
  submission.set_task_id("task_01K8SGYNNNVBQTXNR4MM964S7K");
  submission.set_request_id("order-1234");
  submission.set_request_id_count(2);
  submission.set_run(1);
  submission.set_upstream_posts_sent(1);
  submission.set_charges_min(1);
  submission.set_charges_max(1);
  (*submission.mutable_labels())["team"] = "ads";
  (*submission.mutable_labels())["app"] = "shop";
  submission.mutable_create_time()->set_seconds(1'700'000'000);
  submission.mutable_submit_time()->set_seconds(1'700'000'003);
  submission.set_revision(3);
  return submission;
}

}  // namespace genledger::test
