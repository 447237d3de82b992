#include "clients/cpp/client.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "clients/cpp/channel.h"
#include "clients/cpp/credentials.h"
#include "clients/cpp/retry_loop.h"

namespace genledger::client {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

// What the server waits for a submission's outcome if the request does not say.
constexpr absl::Duration kSubmitWaitDefault = absl::Seconds(20);
// The longest wait that the server grants.
constexpr absl::Duration kWaitMax = absl::Seconds(60);

// Waits that the server would refuse do not move the deadline.
absl::Duration FromProto(const google::protobuf::Duration& proto) {
  const absl::Duration wait = absl::Seconds(proto.seconds()) + absl::Nanoseconds(proto.nanos());
  return std::clamp(wait, absl::ZeroDuration(), kWaitMax);
}

}  // namespace

Result<std::unique_ptr<Client>> Client::Create(ClientOptions options) {
  Result<std::shared_ptr<grpc::Channel>> channel = MakeChannel(options);
  if (!channel.ok()) {
    return channel.error();
  }
  return std::make_unique<Client>(std::move(options), *std::move(channel));
}

Client::Client(ClientOptions options, const std::shared_ptr<grpc::Channel>& channel)
    : options_(std::move(options)),
      generations_(v1::GenerationService::NewStub(channel)),
      admin_(v1::AdminService::NewStub(channel)),
      health_(grpc::health::v1::Health::NewStub(channel)) {}

template <typename Response>
Result<Response> Client::Call(
    absl::Duration wait, const std::function<grpc::Status(grpc::ClientContext&, Response&)>& rpc) {
  Response response;
  std::optional<Error> token_error;
  std::optional<Error> error =
      CallWithRetries(options_.retry, options_.environment, options_.timeout + wait,
                      [&](grpc::ClientContext& context) {
                        token_error = AddCredentials(options_, context);
                        if (token_error.has_value()) {
                          return grpc::Status(token_error->code, token_error->message);
                        }
                        response.Clear();
                        return rpc(context, response);
                      });
  if (token_error.has_value()) {
    return *std::move(token_error);
  }
  if (error.has_value()) {
    return *std::move(error);
  }
  return response;
}

Result<v1::SubmitGenerationResponse> Client::Submit(const v1::SubmitGenerationRequest& request) {
  const absl::Duration wait =
      request.validate_only()
          ? absl::ZeroDuration()
          : (request.has_wait() ? FromProto(request.wait()) : kSubmitWaitDefault);
  return Call<v1::SubmitGenerationResponse>(
      wait, [&](grpc::ClientContext& context, v1::SubmitGenerationResponse& response) {
        return generations_->SubmitGeneration(&context, request, &response);
      });
}

Result<v1::Submission> Client::Get(const v1::GetSubmissionRequest& request) {
  return Call<v1::Submission>(FromProto(request.wait()),
                              [&](grpc::ClientContext& context, v1::Submission& response) {
                                return generations_->GetSubmission(&context, request, &response);
                              });
}

Result<std::vector<v1::Submission>> Client::BatchGet(
    const v1::BatchGetSubmissionsRequest& request) {
  Result<v1::BatchGetSubmissionsResponse> found = Call<v1::BatchGetSubmissionsResponse>(
      absl::ZeroDuration(),
      [&](grpc::ClientContext& context, v1::BatchGetSubmissionsResponse& response) {
        return generations_->BatchGetSubmissions(&context, request, &response);
      });
  if (!found.ok()) {
    return found.error();
  }
  auto* submissions = found->mutable_submissions();
  return std::vector<v1::Submission>(std::make_move_iterator(submissions->begin()),
                                     std::make_move_iterator(submissions->end()));
}

SubmissionPages Client::List(v1::ListSubmissionsRequest request) {
  return {this, std::move(request)};
}

SubmissionWatch Client::Watch(v1::WatchSubmissionRequest request) {
  return {generations_.get(), &options_, std::move(request)};
}

Result<v1::CancelSubmissionResponse> Client::Cancel(const v1::CancelSubmissionRequest& request) {
  return Call<v1::CancelSubmissionResponse>(
      absl::ZeroDuration(),
      [&](grpc::ClientContext& context, v1::CancelSubmissionResponse& response) {
        return generations_->CancelSubmission(&context, request, &response);
      });
}

Result<v1::Submission> Client::ReleaseDedupe(const v1::ReleaseDedupeRequest& request) {
  return Call<v1::Submission>(absl::ZeroDuration(),
                              [&](grpc::ClientContext& context, v1::Submission& response) {
                                return generations_->ReleaseDedupe(&context, request, &response);
                              });
}

Result<std::vector<v1::Model>> Client::ListModels() {
  Result<v1::ListModelsResponse> found = Call<v1::ListModelsResponse>(
      absl::ZeroDuration(), [&](grpc::ClientContext& context, v1::ListModelsResponse& response) {
        return generations_->ListModels(&context, v1::ListModelsRequest(), &response);
      });
  if (!found.ok()) {
    return found.error();
  }
  return std::vector<v1::Model>(found->models().begin(), found->models().end());
}

Result<v1::Submission> Client::Resolve(const v1::ResolveSubmissionRequest& request) {
  return Call<v1::Submission>(absl::ZeroDuration(),
                              [&](grpc::ClientContext& context, v1::Submission& response) {
                                return admin_->ResolveSubmission(&context, request, &response);
                              });
}

Result<v1::BulkResolveSubmissionsResponse> Client::BulkResolve(
    const v1::BulkResolveSubmissionsRequest& request) {
  return Call<v1::BulkResolveSubmissionsResponse>(
      absl::ZeroDuration(),
      [&](grpc::ClientContext& context, v1::BulkResolveSubmissionsResponse& response) {
        return admin_->BulkResolveSubmissions(&context, request, &response);
      });
}

Result<v1::Submission> Client::Retry(const v1::RetrySubmissionRequest& request) {
  return Call<v1::Submission>(absl::ZeroDuration(),
                              [&](grpc::ClientContext& context, v1::Submission& response) {
                                return admin_->RetrySubmission(&context, request, &response);
                              });
}

Result<v1::ServiceStatus> Client::GetServiceStatus() {
  return Call<v1::ServiceStatus>(
      absl::ZeroDuration(), [&](grpc::ClientContext& context, v1::ServiceStatus& response) {
        return admin_->GetServiceStatus(&context, v1::GetServiceStatusRequest(), &response);
      });
}

Result<HealthCheckResponse::ServingStatus> Client::CheckHealth(const std::string& service) {
  HealthCheckRequest request;
  request.set_service(service);
  Result<HealthCheckResponse> answer = Call<HealthCheckResponse>(
      absl::ZeroDuration(), [&](grpc::ClientContext& context, HealthCheckResponse& response) {
        return health_->Check(&context, request, &response);
      });
  if (!answer.ok()) {
    return answer.error();
  }
  return answer->status();
}

Result<std::optional<v1::ListSubmissionsResponse>> SubmissionPages::Next() {
  if (ended_) {
    return std::optional<v1::ListSubmissionsResponse>();
  }
  Result<v1::ListSubmissionsResponse> page = client_->Call<v1::ListSubmissionsResponse>(
      absl::ZeroDuration(),
      [this](grpc::ClientContext& context, v1::ListSubmissionsResponse& response) {
        return client_->generations_->ListSubmissions(&context, request_, &response);
      });
  if (!page.ok()) {
    return page.error();
  }
  if (!page->next_page_token().empty() && page->next_page_token() == request_.page_token()) {
    return LocalError(grpc::StatusCode::INTERNAL,
                      "the server answered with the page token that it was asked with");
  }
  ended_ = page->next_page_token().empty();
  request_.set_page_token(page->next_page_token());
  return std::optional<v1::ListSubmissionsResponse>(*std::move(page));
}

}  // namespace genledger::client
