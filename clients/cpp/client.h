// A typed client of genledger.v1.GenerationService.
#pragma once

#include <grpcpp/channel.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "clients/cpp/options.h"
#include "clients/cpp/result.h"
#include "genledger/v1/generation_service.grpc.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"

namespace genledger::client {

class SubmissionPages;

// Every call blocks until it has its answer, has a deadline, and retries UNAVAILABLE and nothing
// else (RetryOptions). Errors are the server's, decoded, and besides them, of every call:
//   UNAVAILABLE        nobody answered at that address
//   DEADLINE_EXCEEDED  no answer in time; the server may have done the work all the same
//   UNAUTHENTICATED    the token file cannot be used
// Thread safe.
class Client {
 public:
  // Does not connect yet. INVALID_ARGUMENT: the options, see MakeChannel.
  static Result<std::unique_ptr<Client>> Create(ClientOptions options);

  // Over a channel of the caller's; the options that describe one are not looked at.
  Client(ClientOptions options, const std::shared_ptr<grpc::Channel>& channel);

  // Submits, or answers for the submission that is already there. Sends the same request in every
  // attempt: a request_id is the caller's to make, once per wanted generation (NewRequestId), and
  // none is invented here, because a new one may pay again for content whose outcome is unknown.
  // OK if and only if the submission is PENDING, DISPATCHING or SUBMITTED; with no task_id in the
  // answer it is still on its way.
  Result<v1::SubmitGenerationResponse> Submit(const v1::SubmitGenerationRequest& request);

  // One submission by id, request_id or task_id; with `wait`, a long poll. NOT_FOUND.
  Result<v1::Submission> Get(const v1::GetSubmissionRequest& request);

  // At most 100, in the order of the request; NOT_FOUND if one of them is missing.
  Result<std::vector<v1::Submission>> BatchGet(const v1::BatchGetSubmissionsRequest& request);

  // The pages from request.page_token on; calls nothing yet. The client must outlive the pages.
  SubmissionPages List(v1::ListSubmissionsRequest request);

  Result<std::vector<v1::Model>> ListModels();

  // grpc.health.v1; the empty name asks about the whole server. NOT_FOUND: no such service.
  Result<grpc::health::v1::HealthCheckResponse::ServingStatus> CheckHealth(
      const std::string& service);

 private:
  friend class SubmissionPages;

  // Runs one unary call with credentials, deadline (timeout plus `wait`) and retries.
  template <typename Response>
  Result<Response> Call(absl::Duration wait,
                        const std::function<grpc::Status(grpc::ClientContext&, Response&)>& rpc);

  const ClientOptions options_;
  const std::unique_ptr<v1::GenerationService::Stub> generations_;
  const std::unique_ptr<grpc::health::v1::Health::Stub> health_;
};

// The pages of one listing, one call each. Not thread safe.
class SubmissionPages {
 public:
  // The next page; nullopt after the last. After an error, calling again asks for the same page.
  // INTERNAL: the server answered with the page token that it was asked with, which would go on
  // for ever.
  Result<std::optional<v1::ListSubmissionsResponse>> Next();

 private:
  friend class Client;
  SubmissionPages(Client* client, v1::ListSubmissionsRequest request)
      : client_(client), request_(std::move(request)) {}

  Client* client_;
  v1::ListSubmissionsRequest request_;
  bool ended_ = false;
};

}  // namespace genledger::client
